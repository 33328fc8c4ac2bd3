"""Which service a name, an address or a port in a log means."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable

from logtriage.masking import HEX, OTHER
from logtriage.store.seams import ANY
from logtriage.triage.scope import Scope

# What is added to a service's name to make the name of a unit, a container, a pod, or a host in a cluster.
_ADDED = re.compile(
    r"\.(?:service|scope|slice|local|internal|svc|cluster|default|container)\b.*$|(?:-[0-9a-f]{8,10})?-[a-z0-9]{5}$|[-_.]\d+$"
)
_ADDRESS = re.compile(r"\d{1,3}(?:\.\d{1,3}){3}|\[?[0-9a-fA-F]*:[0-9a-fA-F:]+\]?")
_WORD = re.compile(r"[A-Za-z0-9]+")
_BESIDE = rf"[\w{HEX}{OTHER}.-]/[{HEX}{OTHER}A-Fa-f:]"  # a name and an address, in a shape
# Ports by which software is known, where neither a name nor an address says who listens there.
_PORTS = {
    5432: "postgres", 3306: "mysql", 1433: "mssql", 1521: "oracle", 27017: "mongo", 6379: "redis", 11211: "memcache",
    5672: "rabbitmq", 9092: "kafka", 2181: "zookeeper", 9200: "elastic", 2379: "etcd", 53: "dns", 389: "ldap",
}  # fmt: skip
_HOSTS = 200  # addresses that are looked up
_LISTENS = ("listen", "bound to", "started on", "serving on", "running on", "ready for connections")


class Peers:
    """Resolves what signatures have captured to the services of a scope."""

    def __init__(self, scope: Scope) -> None:
        self.services = list(scope.services)
        self.names: dict[str, str] = {}
        for part in scope.snapshot.catalog.parts:
            for name in (part.service, part.container, part.pod):
                if part.service and name:
                    self.names.setdefault(name.lower(), part.service)
        for name in self.services:
            self.names[name.lower()] = name
        self.addresses: dict[str, str] = {}

    def learn(self, scope: Scope, addresses: Iterable[str]) -> None:
        """Looks in the logs for whose addresses these are: `host` or `host:port`.

        Told by texts such as `inventory/10.0.3.17:8080`, and by who says that it listens there.
        """
        wanted = {address.rpartition(":")[0] or address for address in addresses} - set(self.addresses)
        hosts = sorted(host for host in wanted if _ADDRESS.fullmatch(host))[:_HOSTS]
        self.addresses |= self._listening(scope, hosts)
        self.addresses |= self._named_beside(scope, [host for host in hosts if host not in self.addresses])

    def service(self, host: str | None, port: str | None = None) -> str | None:
        """The service that a captured host or name, with a port, means; None where that is not known."""
        if host:
            if found := self.addresses.get(host) or self._by_name(host):
                return found
            if _ADDRESS.fullmatch(host) is None and "." not in host:
                return None
        kind = _PORTS.get(int(port)) if port and port.isdigit() else None
        fits = [name for name in self.services if kind and name.lower().startswith(kind)]
        return fits[0] if len(fits) == 1 else None

    def alias(self, name: str) -> str | None:
        """The service that a name of a unit or container stands for, if it is another than the name itself."""
        own = self.names.pop(name.lower(), None)
        try:
            return self._by_name(name)
        finally:
            if own:
                self.names[name.lower()] = own

    def mentioned(self, text: str) -> str | None:
        """The one service of which a text speaks; None where it is none or several."""
        words = {word.lower() for word in re.findall(r"[A-Za-z0-9_.-]+", text)}
        found = {self.names[word] for word in words if word in self.names}
        found = found or {name for word in words if (name := self._by_name(word))}
        return found.pop() if len(found) == 1 else None

    def _by_name(self, host: str) -> str | None:
        name = host.lower().strip("'\"[]")
        while True:
            if name in self.names:
                return self.names[name]
            shorter = _ADDED.sub("", name)
            if shorter == name or not shorter:
                break
            name = shorter
        label = name.split(".")[0]
        if label in self.names:
            return self.names[label]
        # `shop-inventory` runs inventory: the whole of a service's words at the end of the name.
        fits = [known for known in self.names if _WORD.search(known) and label.endswith(f"-{known}")]
        return self.names[max(fits, key=len)] if fits else None

    def _named_beside(self, scope: Scope, hosts: list[str]) -> dict[str, str]:
        """From flagged records: `NAME/HOST:PORT`, as Java and others write it."""
        if not hosts:
            return {}
        beside = rf"([A-Za-z][\w.-]*)/({'|'.join(map(re.escape, hosts))})\b"
        shapes = "SELECT shape FROM lake.shapes WHERE regexp_matches(text, ?)"
        among = ", ".join(str(shape) for (shape,) in scope.rows(shapes, [_BESIDE]))
        rows = scope.rows(
            "SELECT DISTINCT regexp_extract(body, $1, 1), regexp_extract(body, $1, 2) FROM lake.records "
            f"WHERE (shape <= {ANY} OR shape IN ({among or 'NULL'})) AND flags IS NOT NULL AND regexp_matches(body, $1) LIMIT 500",
            [beside],
        )
        named: dict[str, Counter[str]] = {}
        for host, address in rows:
            if name := self._by_name(host):
                named.setdefault(address, Counter())[name] += 1
        return {address: names.most_common(1)[0][0] for address, names in named.items()}

    def _listening(self, scope: Scope, hosts: list[str]) -> dict[str, str]:
        """From services that say on which address they listen."""
        if not hosts:
            return {}
        says = " OR ".join("text ILIKE ?" for _ in _LISTENS)
        words = [f"%{word}%" for word in _LISTENS]
        shapes = [
            str(shape) for (shape,) in scope.rows(f"SELECT shape FROM lake.shapes WHERE {says} LIMIT 1000", words)
        ]
        if not shapes:
            return {}
        own = rf"(?:^|[^\d.])({'|'.join(map(re.escape, hosts))})(?:$|[^\d.])"
        rows = scope.rows(
            f"""SELECT DISTINCT service, regexp_extract(frame || ' ' || body, ?, 1) FROM pieces
            WHERE shape IN ({", ".join(shapes)}) AND service IS NOT NULL AND regexp_matches(frame || ' ' || body, ?)""",
            [own, own],
        )
        found: dict[str, set[str]] = {}
        for name, address in rows:
            found.setdefault(address, set()).add(name)
        return {address: names.pop() for address, names in found.items() if len(names) == 1}


def spelled(host: str | None, port: str | None) -> str:
    """A peer that is no known service, as it is shown."""
    return f"{host or '?'}:{port}" if port else host or "?"
