"""What the ground the shop stands on writes: nginx, PostgreSQL, journald and syslog."""

from __future__ import annotations

import json
from functools import partial

from logtriage.demo import shop
from logtriage.demo.shop import Kind, Population, idle

_UP = shop.ADDRESSES
_error, _postgres, _journal, _syslog = (partial(Kind, name) for name in ("error", "postgres", "journal", "syslog"))


def _access(request: str, status: str, upstream: str | None, took: str = "<rt>") -> str:
    """A line of the combined format followed by the times, the upstream and the request id."""
    behind = f'urt={took} upstream="{_UP[upstream]}"' if upstream else 'urt=- upstream="-"'
    size = "0" if status in ("304", "499") else "<bytes>" if status.startswith("2") else "<small>"
    return (
        f'<client> - - [<clf>] "{request} HTTP/1.1" {status} {size} "<referrer>" "<agent>" '
        f"rt={took} {behind} rid=<trace>"
    )


_ORDER, _CART, _PAGE = "POST /api/checkout", "POST /api/cart/items", "GET /api/stock/<sku>"
_REFUSED = "connect() failed (111: Connection refused) while connecting to upstream"
_NO_ANSWER = "upstream timed out (110: Connection timed out) while connecting to upstream"
_LATE = "upstream timed out (110: Connection timed out) while reading response header from upstream"


def _failed(problem: str, request: str, upstream: str) -> str:
    path = request.split(" ")[1]
    return (
        f"[error] <worker>#<worker>: *<conn> {problem}, client: <client>, server: shop.example, "
        f'request: "{request} HTTP/1.1", upstream: "http://{_UP[upstream]}{path}", host: "shop.example"'
    )


def _seen(source: Population, text: str, at: int = 0, after: int = 0, every: int = 1) -> Kind:
    return Kind("access", source, text, at, after, every)


STATIC = idle(1.5)  # fills the demo up to the number of lines asked for
ACCESS = (
    _seen(shop.ORDER, _access(_ORDER, "201", "checkout"), 134),
    _seen(shop.BROWSE, _access(_PAGE, "200", "inventory"), 24),
    _seen(shop.CART, _access(_CART, "200", "cart"), 30),
    _seen(STATIC, _access("GET <asset>", "200", None, "0.000")),
    _seen(idle(0.20), _access("GET <asset>", "304", None, "0.000")),
    _seen(idle(0.06), _access("GET /products/<small>-old", "404", "cart", "<rt_s>")),
    _seen(idle(0.10), '10.0.3.1 - - [<clf>] "GET /healthz HTTP/1.1" 200 2 "-" "ELB-HealthChecker/2.0" rt=0.000 urt=- '
          'upstream="-" rid=<trace>'),
    _seen(shop.SLOW_ORDER, _access(_ORDER, "201", "checkout", "3.<d2><d1>"), 60, 3),
    _seen(shop.LATE_ORDER, _access(_ORDER, "499", "checkout", "5.0<d2>"), 60, 5),
    _seen(shop.LOST_ORDER, _access(_ORDER, "503", "checkout", "6.0<d2>"), 100, 6),
    _seen(shop.REFUSED_ORDER, _access(_ORDER, "503", "checkout", "1.1<d2>"), 100, 1),
    _seen(shop.OPEN_ORDER, _access(_ORDER, "503", "checkout", "<rt_s>"), 30),
    _seen(shop.POOL_ORDER, _access(_ORDER, "504", "checkout", "30.00<d1>"), 70, shop.POOL_WAIT),
    _seen(shop.BROWSE_LOST, _access(_PAGE, "504", "inventory", "5.00<d1>"), 10, 5),
    _seen(shop.BROWSE_DOWN, _access(_PAGE, "502", "inventory", "<rt_s>"), 10),
    _seen(shop.CART_DOWN, _access(_CART, "500", "cart", "<rt>"), 20, every=2),
)  # fmt: skip
ERRORS = (
    _error(idle(0.015), "[warn] <worker>#<worker>: *<conn> a client request body is buffered to a temporary file "
         "/var/cache/nginx/client_temp/00000<d2><small>, client: <client>, server: shop.example"),
    _error(shop.BROWSE_LOST, _failed(_NO_ANSWER, _PAGE, "inventory"), 9, 5),
    _error(shop.BROWSE_DOWN, _failed(_REFUSED, _PAGE, "inventory"), 9, every=2),
    _error(shop.POOL_ORDER, _failed(_LATE, _ORDER, "checkout"), 68, shop.POOL_WAIT),
)  # fmt: skip

# --- PostgreSQL -------------------------------------------------------------------------------------------------------

_CROWDED = shop.bump(shop.CLIENTS - 1, shop.VICTIMS + 40, shop.CLOSED, shop.RECOVERED - 40)
_PAYMENT = "<space>.<ms> UTC [<pid>] payment@shop "
_INSERT = "INSERT INTO payments (order_id, amount, state)\n\tVALUES (<order>, <amount>, 'pending')\n\tRETURNING id"
POSTGRES = (
    _postgres(idle(0.20), "[<pid>] <app>@shop LOG:  duration: <dur_f> ms  statement: SELECT id, state, total FROM "
         "orders WHERE user_id = <user> ORDER BY created_at DESC LIMIT 20"),
    _postgres(idle(0.10, shop.UP), "[<pid>] inventory@shop LOG:  duration: <dur_f> ms  statement: SELECT available "
         "FROM stock_levels WHERE sku = '<sku>' FOR UPDATE"),
    _postgres(idle(0.12), "[<pid>] [unknown]@[unknown] LOG:  connection received: host=10.0.3.1<d1> port=<port>"),
    _postgres(idle(0.12), "[<pid>] <app>@shop LOG:  connection authorized: user=<app> database=shop"),
    _postgres(idle(0.02), "[48] @ LOG:  automatic vacuum of table \"shop.public.<table>\": index scans: 1\n"
         "\tpages: 0 removed, <big> remain, <small> scanned (0.<d2>% of total)\n"
         "\ttuples: <small> removed, <big> remain, 0 are dead but not yet removable"),
    _postgres(idle(0.015), "[27] @ LOG:  checkpoint complete: wrote <small> buffers (0.<d2>%); 0 WAL file(s) added, "
         "0 removed, <t1> recycled; write=<dur_f> s, sync=0.0<d2> s, total=<dur_f> s"),
    _postgres(idle(0.02), "[<pid>] <app>@shop LOG:  duration: <dur_lf> ms  statement: SELECT sku, sum(qty) FROM "
         "<table> WHERE created_at > now() - interval '1 day' GROUP BY sku"),
    _postgres(shop.POOL_ORDER, "[<pid>] payment@shop LOG:  process <pid> still waiting for ShareLock on transaction "
         "<big> after 1000.<d2><d1> ms\n" + _PAYMENT
         + "DETAIL:  Process holding the lock: <port>. Wait queue: <pid>.\n" + _PAYMENT
         + "STATEMENT:  UPDATE payments SET state = 'confirmed' WHERE order_id = <order>", 60, 2, 4),
    _postgres(shop.POOL_ORDER, "[<pid>] payment@shop ERROR:  canceling statement due to statement timeout\n"
         + _PAYMENT + "STATEMENT:  " + _INSERT, 80, shop.POOL_WAIT, 2),
    _postgres(idle(0.5, _CROWDED, prompt=True), "[<pid>] <app>@shop FATAL:  sorry, too many clients already"),
)  # fmt: skip

# --- journald and syslog ----------------------------------------------------------------------------------------------


def journal(identifier: str, message: str, priority: int = 6, pid: str = "<pid>", unit: str | None = None) -> str:
    """An entry of `journalctl --output json`, without the cursor and clocks that the stream puts in front."""
    entry = {"PRIORITY": str(priority), "SYSLOG_IDENTIFIER": identifier}
    if identifier == "kernel":
        entry |= {"_TRANSPORT": "kernel", "SYSLOG_FACILITY": "0"}
    else:
        entry |= {"_TRANSPORT": "journal", "_PID": pid, "_COMM": identifier[:15]}
        entry["_SYSTEMD_UNIT"] = unit or f"{identifier}.service"
    return json.dumps(entry | {"MESSAGE": message}, separators=(",", ":"), ensure_ascii=False)[1:]


def dockerd(message: str, level: str = "info", fields: str = "container=<inventory_id>") -> str:
    """An entry of the Docker daemon about a container."""
    text = f'time="<iso>.<ms><us>000Z" level={level} msg="{message}" {fields}'
    return journal("dockerd", text, 6 if level == "info" else 4, "812", "docker.service")


JOURNAL = (
    _journal(idle(0.06), journal("systemd", "Started session-<small>.scope - Session <small> of User deploy.", 6, "1",
         "init.scope")),
    _journal(idle(0.06), dockerd("health check done", "info", "container=<hex16> duration=<dur_s>ms exit=0")),
    _journal(idle(0.04), journal("systemd", "logrotate.service: Deactivated successfully.", 6, "1", "init.scope")),
    _journal(idle(0.03), journal("chronyd", "Selected source 192.0.2.<t2> (offset 0.000<small> s)", 6, "644")),
)  # fmt: skip
_FORCED = shop.bump(shop.BRUTE_FORCE, shop.BRUTE_FORCE + 1, shop.BRUTE_FORCE + 110, shop.BRUTE_FORCE + 111)
_SSHD = f"{shop.HOST} sshd[<pid>]: "
SYSLOG = (
    _syslog(idle(0.08), f"{shop.HOST} CRON[<pid>]: (root) CMD (/usr/local/bin/report --shard <small> >/dev/null)"),
    _syslog(idle(0.10), f"{shop.HOST} kernel: [<mono>.<ms><us>] [UFW BLOCK] IN=eth0 OUT= SRC=<client> DST=10.0.3.1 "
         "LEN=40 TTL=24<d1> ID=<pid> PROTO=TCP SPT=<port> DPT=<small> WINDOW=1024 SYN URGP=0"),
    _syslog(idle(0.05), f"{_SSHD}Accepted publickey for deploy from 10.0.9.<t2> port <port> ssh2: ED25519 "
         "SHA256:<hex16><hex8>"),
    _syslog(idle(0.05), f"{_SSHD}Connection closed by <client> port <port> [preauth]"),
    _syslog(idle(0.04), f"{shop.HOST} systemd[1]: Finished sysstat-collect.service - system activity accounting tool."),
    _syslog(idle(0.03), f"{shop.HOST} dhclient[612]: DHCPACK of 10.0.3.1 from 10.0.3.254 (xid=0x<hex8>)"),
    _syslog(idle(0.03), f"{shop.HOST} smartd[702]: Device: /dev/nvme0, Temperature changed 0 to 3<d1> Celsius"),
    _syslog(idle(0.60, _FORCED, prompt=True), f"{_SSHD}Failed password for invalid user <login> from 203.0.113.66 "
         "port <port> ssh2"),
)  # fmt: skip
