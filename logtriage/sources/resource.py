"""Who wrote a log, as its name and place tell: by the habits of Kubernetes and docker, and by what files and folders are called."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from logtriage.sources.rotation import rotation

# Names Kubernetes makes up: its random part has no vowels and none of 0, 1, 3 (k8s.io/apimachinery, util/rand).
_RANDOM = "[bcdfghjklmnpqrstvwxz2456789]"
_POD_ENDS = (
    re.compile(rf"-{_RANDOM}{{8,10}}-{_RANDOM}{{5}}$"),  # Deployment: ReplicaSet hash and pod suffix
    re.compile(rf"-\d{{8,10}}-{_RANDOM}{{5}}$"),  # CronJob: the minute it was due and pod suffix
    re.compile(rf"-{_RANDOM}{{5}}$"),  # DaemonSet, Job
    re.compile(r"-\d{1,4}$"),  # StatefulSet
)
_LABEL = r"[a-z0-9](?:[-a-z0-9.]*[a-z0-9])?"
_LABEL_LAZY = r"[a-z0-9](?:[-a-z0-9.]*?[a-z0-9])?"
_CONTAINER_FILE = re.compile(
    rf"(?P<pod>{_LABEL})_(?P<namespace>{_LABEL})_(?P<container>{_LABEL_LAZY})(?:-[0-9a-f]{{64}})?"
)
_POD_FOLDER = re.compile(rf"(?P<namespace>{_LABEL})_(?P<pod>{_LABEL})_[0-9a-f]{{8}}[-0-9a-f]{{24,28}}")
_DOCKER_FILE = re.compile(r"(?P<id>[0-9a-f]{64})-json")

_EXTENSION = re.compile(r"\.(?:log|txt|out|err|jsonl?|ndjson|logfmt|csv|stdout|stderr)$", re.IGNORECASE)
_STREAM = re.compile(r"[-_.](?:access|errors?|std(?:out|err)|out|err|json|log|slow|combined)$", re.IGNORECASE)
_NO_SERVICE = """
    access all app application audit auth authlog boot combined console cron current daemon debug default dmesg dump
    err error errors everything fatal info journal kern log logs mail maillog main messages out output root sample
    secure server service ssl stderr stdin stdout sys syslog system test trace user warn warning
"""
# Logs of a whole machine: each line names its own program, whatever the folder is called.
_OF_MACHINE = frozenset(
    {"syslog", "messages", "journal", "kern", "dmesg", "boot", "secure", "auth", "authlog", "daemon", "maillog", "mail", "cron",
     "user", "system", "audit"}
)  # fmt: skip
_NO_SERVICE_FOLDER = """
    archive archived archives backup backups bundle container containers data docker files home host incident
    incidents lib local mnt old opt outputs pods previous rotated run srv support tmp usr var work
"""
_SAYS_NOTHING = frozenset(_NO_SERVICE.split())
_FOLDER_SAYS_NOTHING = _SAYS_NOTHING.union(_NO_SERVICE_FOLDER.split())


@dataclass(frozen=True, slots=True)
class Resource:
    """Who wrote a log, as far as known (OpenTelemetry resource): each None when not known."""

    service: str | None = None
    host: str | None = None
    container: str | None = None
    pod: str | None = None
    namespace: str | None = None

    def filled_from(self, other: Resource) -> Resource:
        """This resource, with what it does not know taken from `other`."""
        return Resource(
            self.service or other.service,
            self.host or other.host,
            self.container or other.container,
            self.pod or other.pod,
            self.namespace or other.namespace,
        )


def service_of_pod(pod: str) -> str | None:
    """The workload's name in a pod's name: `cart-7f8d7d756d-k7b9j`, `db-0` → `cart`, `db`; None: no pod's name."""
    for end in _POD_ENDS:
        if found := end.search(pod):
            return pod[: found.start()] or None
    return None


def resource(name: str, real: Path | None = None) -> Resource:
    """Read service, container, pod, … from the path as given; `real`, the file itself, tells of docker and symlinks."""
    known = _from_path(PurePosixPath(name))
    if real is not None and str(real) != name:
        there = _from_path(PurePosixPath(real))
        known = known.filled_from(there if there.container else Resource())
    if real is not None and _DOCKER_FILE.match(real.name):
        known = _from_docker(real.parent / "config.v2.json").filled_from(known)
    return known


def _from_path(path: PurePosixPath) -> Resource:
    stem = _EXTENSION.sub("", rotation(path.name).base)
    parents = path.parts[:-1]
    if len(parents) >= 2 and (pod := _POD_FOLDER.fullmatch(parents[-2])):
        service = service_of_pod(pod["pod"]) or pod["pod"]
        return Resource(service, None, parents[-1], pod["pod"], pod["namespace"])
    if found := _CONTAINER_FILE.fullmatch(stem):
        service = service_of_pod(found["pod"])
        if service or "containers" in parents:
            return Resource(service or found["pod"], None, found["container"], found["pod"], found["namespace"])
    if docker := _DOCKER_FILE.match(stem):
        return Resource(container=docker["id"][:12])
    if _POD_ENDS[0].search(stem):
        return Resource(service_of_pod(stem), pod=stem)
    return Resource(_service(stem, parents))


def _service(stem: str, parents: tuple[str, ...]) -> str | None:
    """The service a file's stem names, or else the folder nearest to it; None where both say nothing."""
    while (shorter := _STREAM.sub("", stem)) != stem:
        stem = shorter
    if stem.lower() in _OF_MACHINE:
        return None
    if not _is_generic(stem, _SAYS_NOTHING):
        return stem
    for place, folder in reversed(list(enumerate(parents))):
        if folder in ("..", "/") or (place and parents[place - 1] == "home"):
            return None
        if not _is_generic(folder, _FOLDER_SAYS_NOTHING):
            return folder
    return None


def _is_generic(word: str, generic: frozenset[str]) -> bool:
    """A word of the list, or one with hardly a letter: a number, a date, an id."""
    letters = sum(map(str.isalpha, word))
    return word.lower() in generic or letters < 2 or (len(word) >= 6 and letters * 2 <= len(word))


def _from_docker(config: Path) -> Resource:
    """What docker's own record of a container tells; an unreadable or strange one tells nothing."""
    try:
        with open(config, "rb") as file:
            about = json.loads(file.read(1 << 20))
        inner = about["Config"] or {}
        labels = inner.get("Labels") or {}
        name, host = str(about.get("Name") or "").lstrip("/"), str(inner.get("Hostname") or "")
        service = labels.get("com.docker.compose.service") or labels.get("com.docker.swarm.service.name")
        pod = labels.get("io.kubernetes.pod.name")
        found = Resource(
            service=service or (service_of_pod(pod) if pod else None) or name or None,
            # Unless set by someone, a container's host name is the start of its id, which names no host.
            host=None if config.parent.name.startswith(host) else host,
            container=labels.get("io.kubernetes.container.name") or name or None,
            pod=pod,
            namespace=labels.get("io.kubernetes.pod.namespace"),
        )
    except (OSError, ValueError, KeyError, TypeError, AttributeError, RecursionError):
        return Resource()
    return found
