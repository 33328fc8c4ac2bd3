"""What happens once: deploys, kernel kills, restarts, breaker changes, a certificate about to expire."""

from __future__ import annotations

from dataclasses import dataclass

from logtriage.demo import shop
from logtriage.demo.infra import dockerd, journal
from logtriage.demo.services import zap

_UNIT = "shop-inventory.service"
_CONTAINER = "shop-inventory-1"
_LIMIT_KB = 524_288


@dataclass(frozen=True)
class Event:
    """One record: `stream` writes `text` at `at` seconds after the start (fractions count)."""

    at: float
    stream: str
    text: str


def _systemd(message: str, priority: int = 6) -> str:
    return journal("systemd", message, priority, "1", "init.scope")


def _start(at: float, version: str, ready: bool) -> list[Event]:
    """The lines of an inventory that comes up; one that is killed while loading its cache never gets ready."""
    lines = [
        zap("info", "cmd/main.go:27", f"inventory {version} starting", '"pid":1,"gomaxprocs":2'),
        zap("info", "store/postgres.go:44", "connected to postgres", f'"addr":"{shop.ADDRESSES["postgres"]}"'),
        zap("info", "reserve/cache.go:31", "loading reservation cache", '"entries":<entries>'),
    ]
    if ready:
        lines.append(zap("info", "httpx/server.go:36", "listening", f'"addr":"{shop.ADDRESSES["inventory"]}"'))
    return [Event(at + 0.21 * number, "inventory", line) for number, line in enumerate(lines)]


def _replace(at: float, old: str, new: str, why: str) -> list[Event]:
    """A deploy: the old container ends in peace, the new one starts."""
    return [
        Event(at - 3.9, "journal", journal("deploy", f"{why}: inventory {old} -> {new} by ci, change 4812", 5, "2201")),
        Event(at - 0.42, "journal", _systemd(f"Stopping {_UNIT} - inventory of the shop...")),
        Event(at + 0.02, "journal", dockerd("container started", fields=f"container=<inventory_id> name={_CONTAINER}")),
        Event(at + 0.05, "journal", _systemd(f"Started {_UNIT} - inventory of the shop.")),
        *_start(at + 0.1, new, ready=True),
    ]


def _oom_report(pid: int) -> list[str]:
    scope = "/system.slice/docker-<inventory_id>.scope"
    cause = (
        "oom-kill:constraint=CONSTRAINT_MEMCG,nodemask=(null),cpuset=docker-<inventory_id>.scope,mems_allowed=0,"
        f"oom_memcg={scope},task_memcg={scope},task=inventory,pid={pid},uid=1000"
    )
    killed = (
        f"Killed process {pid} (inventory) total-vm:1284532kB, anon-rss:519872kB, file-rss:1024kB, shmem-rss:0kB, "
        "UID:1000 pgtables:1320kB oom_score_adj:0"
    )
    return [
        "inventory invoked oom-killer: gfp_mask=0xcc0(GFP_KERNEL), order=0, oom_score_adj=0",
        f"CPU: 1 PID: {pid} Comm: inventory Not tainted 6.1.0-28-amd64 #1  Debian 6.1.119-1",
        "Call Trace:",
        " dump_stack_lvl+0x44/0x5c",
        " oom_kill_process.cold+0xb/0x10",
        " mem_cgroup_out_of_memory+0x131/0x150",
        " exc_page_fault+0x70/0x170",
        f"memory: usage {_LIMIT_KB}kB, limit {_LIMIT_KB}kB, failcnt <big>",
        f"Memory cgroup stats for {scope}:",
        "[  pid  ]   uid  tgid total_vm      rss pgtables_bytes swapents oom_score_adj name",
        f"[{pid:>7}]  1000 {pid}   321133   129968  1351680        0             0 inventory",
        cause,
        f"Memory cgroup out of memory: {killed}",
    ]


def _kill(number: int, at: int) -> list[Event]:
    """The kernel kills inventory for the `number`-th time (from 0); systemd starts it again, but for the last time."""
    pid = 48_213 + 1_117 * number
    report = _oom_report(pid)
    kernel = report if number == 0 else [report[0], *report[-2:]]  # a full report once is enough to read
    events = [Event(at + 0.1 + 0.0004 * row, "journal", journal("kernel", line, 6)) for row, line in enumerate(kernel)]
    code = "code=exited, status=137/n/a"
    events += [
        Event(at + 0.12, "syslog", f"{shop.HOST} kernel: [<mono>.<ms><us>] {report[-1]}"),
        Event(at + 0.15, "journal", dockerd("ignoring event", fields="container=<inventory_id> topic=/tasks/oom")),
        Event(at + 0.19, "journal", dockerd("container exited", "warning", "container=<inventory_id> exitCode=137")),
        Event(at + 0.21, "journal", journal("docker-compose", f"{_CONTAINER} exited with code 137", 4, "9120", _UNIT)),
        Event(at + 0.25, "journal", _systemd(f"{_UNIT}: Main process exited, {code}", 5)),
        Event(at + 0.26, "journal", _systemd(f"{_UNIT}: Failed with result 'exit-code'.", 4)),
    ]
    if at == shop.OOM_KILLS[-1]:
        gone = shop.GIVE_UP
        events += [
            Event(gone, "journal", _systemd(f"{_UNIT}: Start request repeated too quickly.", 4)),
            Event(gone + 0.01, "journal", _systemd(f"Failed to start {_UNIT} - inventory of the shop.", 3)),
        ]
        return events
    restart = f"{_UNIT}: Scheduled restart job, restart counter is at {number + 1}."
    return [
        *events,
        Event(at + 5.3, "journal", _systemd(restart)),
        *_start(at + 6.1, shop.VERSIONS["new"], ready=False),
    ]


def _breaker(at: float, before: str, after: str) -> Event:
    level, moved = ("INFO " if after == "CLOSED" else "WARN "), f"changed state from {before} to {after}"
    return Event(
        at, "checkout", f"{level} [resilience4j-1] c.s.checkout.client.BreakerLog - CircuitBreaker 'inventory' {moved}"
    )


def _breaker_story() -> list[Event]:
    events = [_breaker(shop.BREAKER, "CLOSED", "OPEN")]
    for at in range(shop.BREAKER + 30, shop.CLOSED - 1, 30):
        events += [_breaker(at, "OPEN", "HALF_OPEN"), _breaker(at + 1.4, "HALF_OPEN", "OPEN")]
    return [*events, _breaker(shop.CLOSED - 0.6, "OPEN", "HALF_OPEN"), _breaker(shop.CLOSED, "HALF_OPEN", "CLOSED")]


def story() -> list[Event]:
    """All one-off records, in time order."""
    certificate = "certificate of shop.example (/etc/nginx/tls/shop.example.pem) expires in 13 days"
    events = [
        Event(shop.CERTIFICATE, "journal", journal("cert-check", certificate, 4, "7719")),
        Event(
            shop.DEPLOY - 0.2,
            "inventory",
            zap("info", "cmd/main.go:61", "signal received, shutting down", '"signal":"terminated"'),
        ),
        *_replace(shop.DEPLOY, shop.VERSIONS["old"], shop.VERSIONS["new"], "deploy"),
        *_breaker_story(),
        *_replace(shop.ROLLBACK, shop.VERSIONS["new"], shop.VERSIONS["back"], "rollback"),
    ]
    for number, at in enumerate(shop.OOM_KILLS):
        events += _kill(number, at)
    return sorted(events, key=lambda event: event.at)
