"""The made-up shop: who runs where, when what happens to it, and how much of everything there is.

Every file of the demo speaks of the same addresses, container names and instants, because they all come from here.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from random import Random

# --- where ------------------------------------------------------------------------------------------------------------

HOST = "shop-node-1"  # runs the containers, journald and syslog
ADDRESSES = {
    "gateway": "10.0.3.10:80",
    "checkout": "10.0.3.11:8080",
    "payment": "10.0.3.12:8080",
    "fraud": "10.0.3.13:3000",
    "cart": "10.0.3.14:8000",
    "notification": "10.0.3.15:5000",
    "inventory": "10.0.3.17:8080",
    "postgres": "10.0.3.20:5432",
    "rabbitmq": "10.0.3.22:5672",
}
CULPRIT = "inventory"
VERSIONS = {"old": "2.13.4", "new": "2.14.0", "back": "2.13.4"}  # of inventory, one container each
FRAUD_POD = "fraud-7c9d8b6f5-x2kqp"


def container_id(seed: int, name: str) -> str:
    """The 64 hex digits by which Docker knows the container `name`."""
    return Random(f"{seed}:container:{name}").randbytes(32).hex()


# --- when (seconds after the start) -----------------------------------------------------------------------------------

LENGTH = 2_400
BRUTE_FORCE, CERTIFICATE = 190, 372  # noise: nothing to do with the incident
DEPLOY = 600
SLOW = 960  # inventory's first garbage collection warning
CHECKOUT_SLOW = 1_080
READ_TIMEOUT = 1_230
OOM = 1_324
REFUSED = 1_350
BREAKER = 1_370
POOL = 1_390  # payment's pool is exhausted; its victims began to wait POOL_WAIT earlier
POOL_WAIT = 30
CLIENTS = 1_420
VICTIMS = 1_460
QUEUE = 1_500
GIVE_UP = 1_745
ROLLBACK = 1_920
READY = 1_938
CLOSED = 1_970
RECOVERED = 2_130
OOM_KILLS = (OOM, 1_377, 1_433, 1_492, 1_560, 1_648, 1_738)  # systemd gives up after the last

PHASES = (
    ("normal", 0),
    ("deploy", DEPLOY),
    ("slow", SLOW),
    ("read-timeouts", READ_TIMEOUT),
    ("oom-kill", OOM),
    ("refused", REFUSED),
    ("breaker-open", BREAKER),
    ("pool-exhausted", POOL),
    ("too-many-clients", CLIENTS),
    ("victims", VICTIMS),
    ("queue-backlog", QUEUE),
    ("rollback", ROLLBACK),
    ("recovered", RECOVERED),
)

# --- how much ---------------------------------------------------------------------------------------------------------

Curve = tuple[tuple[int, float], ...]
ALWAYS: Curve = ((0, 1.0),)
UP: Curve = ((0, 1.0), (OOM - 1, 1.0), (OOM, 0.0), (READY, 0.0), (READY + 1, 0.3), (CLOSED, 0.5), (RECOVERED, 1.0))
DOWN: Curve = ((REFUSED, 0.0), (REFUSED + 1, 1.0), (READY, 1.0), (CLOSED, 0.4), (CLOSED + 40, 0.0))


def bump(begin: int, full: int, fade: int, end: int) -> Curve:
    """Nothing until `begin`, all of it from `full` to `fade`, nothing again from `end`."""
    return ((begin, 0.0), (full, 1.0), (fade, 1.0), (end, 0.0))


def values_of(curve: Curve) -> list[float]:
    """The curve's value in each second of the incident; linear between its points, flat outside them."""
    values = [curve[0][1]] * LENGTH
    for (begin, low), (end, high) in pairwise(curve):
        for second in range(begin, end):
            values[second] = low + (high - low) * (second - begin) / (end - begin)
    values[curve[-1][0] :] = [curve[-1][1]] * (LENGTH - curve[-1][0])
    return values


@dataclass(frozen=True)
class Population:
    """Happenings of one sort: `rate` a second at the scale of the plan, over time as `curve` says.

    Requests leave room before the second's end for the lines they still cause. A `prompt` one has its first member
    the moment its curve leaves zero, however small the demo.
    """

    name: str
    rate: float
    curve: Curve = ALWAYS
    request: bool = True
    prompt: bool = False


@dataclass(frozen=True)
class Kind:
    """A sort of record: `stream` writes `text` about every `every`-th of `source`, `after` s and `at` ms later."""

    stream: str
    source: Population
    text: str
    at: int = 0
    after: int = 0
    every: int = 1


def idle(rate: float, curve: Curve = ALWAYS, prompt: bool = False) -> Population:
    """What no request causes: timers, probes, housekeeping."""
    return Population("", rate, curve, request=False, prompt=prompt)


ORDER = Population("order", 0.30, UP)
BROWSE = Population("browse", 0.90, UP)
CART = Population("cart", 0.50)
SLOW_ORDER = Population("slow order", 0.12, bump(CHECKOUT_SLOW - 1, OOM - 60, OOM - 4, OOM - 3), prompt=True)
LATE_ORDER = Population("read timeout", 0.10, bump(READ_TIMEOUT - 1, OOM - 20, OOM - 6, OOM - 5), prompt=True)
LOST_ORDER = Population("connect timeout", 0.30, bump(OOM, OOM + 1, REFUSED, REFUSED + 60), prompt=True)
_UNTIL_OPEN = ((REFUSED - 1, 0.0), (REFUSED, 1.0), (BREAKER, 0.9), (BREAKER + 60, 0.35), (READY, 0.3), (CLOSED, 0.0))
REFUSED_ORDER = Population("refused", 0.30, _UNTIL_OPEN, prompt=True)
OPEN_ORDER = Population("breaker open", 0.26, bump(BREAKER - 1, BREAKER + 60, READY, CLOSED), prompt=True)
POOL_ORDER = Population("pool", 0.14, bump(POOL - POOL_WAIT - 1, POOL, READY, CLOSED + 30), prompt=True)
BROWSE_LOST = Population("browse lost", 0.45, bump(OOM, OOM + 1, REFUSED - 6, REFUSED - 5), prompt=True)
BROWSE_DOWN = Population("browse down", 0.50, DOWN, prompt=True)
CART_DOWN = Population("cart down", 1.00, bump(VICTIMS - 1, VICTIMS + 90, CLOSED, RECOVERED - 50), prompt=True)
FRAUD_DOWN = Population("fraud down", 0.95, bump(VICTIMS + 6, VICTIMS + 110, CLOSED, RECOVERED - 60), prompt=True)
