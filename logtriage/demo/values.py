"""Where the varying words of a made-up log line come from: pools read round and round, counters and fresh random ids.

Everything is drawn from `random.Random` seeded with text, and only through `random()` and `randbytes()`: both are
promised to give the same values on every machine. No logarithm or power is used, as libm differs in the last bit.
"""

from __future__ import annotations

from collections.abc import Callable
from random import Random
from typing import Generic, TypeVar

T = TypeVar("T")

# Milliseconds of a second as text; what runs over the second's end stays on its last millisecond.
MILLIS = [f"{min(ms, 999):03d}" for ms in range(2000)]

_AGENTS = (
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/{}.0.0.0 Safari/537.36",
    "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like Gecko) Safari/605.1.15",
    "Mozilla/5.0 (X11; Linux x86_64; rv:{0}.0) Gecko/20100101 Firefox/{0}.0",
    "Mozilla/5.0 (iPhone; CPU iPhone OS 18_2 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Mobile/15E148",
    "ShopApp/{}.4 (Android 15; Pixel 8)",
)
_PAGES = ("", "search?q=", "category/", "products/", "cart", "offers/", "account/orders/", "checkout")
_ASSETS = ("js/app.{:06x}.js", "css/site.{:06x}.css", "img/p/{}.webp", "img/p/{}-small.webp", "fonts/inter-{}.woff2")
_LOGINS = ("root", "admin", "oracle", "ubuntu", "test", "postgres", "git", "deploy", "pi", "ftpuser", "jenkins", "www")


def _skewed(u: float) -> float:
    """Small values often, large ones rarely: a stand-in for a log-normal that needs no logarithm."""
    return u * u * u


def _number(low: int, high: int) -> Callable[[Random], str]:
    return lambda rng: str(low + int(_skewed(rng.random()) * (high - low)))


def _decimal(low: float, high: float, places: int) -> Callable[[Random], str]:
    def make(rng: Random) -> str:
        u = rng.random()
        return f"{low + u * u * (high - low):.{places}f}"

    return make


def _one_of(*words: str) -> Callable[[Random], str]:
    return lambda rng: words[int(_skewed(rng.random()) * len(words))]


def _hex(digits: int) -> Callable[[Random], str]:
    return lambda rng: rng.randbytes(digits // 2).hex()


def _client(rng: Random) -> str:
    """An address of a documentation range or of carrier-grade NAT: never that of a real person."""
    a, b = int(rng.random() * 254) + 1, int(rng.random() * 256)
    return _one_of(f"100.{64 + b % 64}.{b}.{a}", f"203.0.113.{a}", f"198.51.100.{a}", f"192.0.2.{a}")(rng)


def _agent(rng: Random) -> str:
    return _one_of(*_AGENTS)(rng).format(int(120 + rng.random() * 20))


def _referrer(rng: Random) -> str:
    return "https://shop.example/" + _PAGES[int(rng.random() * len(_PAGES))]


def _asset(rng: Random) -> str:
    return "/static/" + _ASSETS[int(rng.random() * len(_ASSETS))].format(int(_skewed(rng.random()) * 90_000) + 1000)


# Slot name → (pool size, maker). The sizes are different primes, so that the same values do not meet again.
_POOLS: dict[str, tuple[int, Callable[[Random], str]]] = {
    "us": (8191, lambda rng: f"{int(rng.random() * 1000):03d}"),
    "ns": (4093, lambda rng: f"{int(rng.random() * 300):03d}"),
    "t1": (1021, lambda rng: str(int(rng.random() * 8) + 1)),
    "t2": (1031, lambda rng: str(int(rng.random() * 50) + 1)),
    "user": (6133, _number(10_000, 99_000)),
    "client": (5099, _client),
    "agent": (2039, _agent),
    "referrer": (1531, _referrer),
    "asset": (4057, _asset),
    "sku": (4073, lambda rng: f"SKU-{10_000 + int(_skewed(rng.random()) * 80_000)}"),
    "qty": (509, _number(1, 9)),
    "amount": (7919, _decimal(4.0, 900.0, 2)),
    "bytes": (7907, _number(180, 48_000)),
    "small": (3067, _number(1, 400)),
    "big": (7877, _number(1_000, 4_000_000)),
    "dur_s": (7873, _decimal(0.3, 38.0, 3)),
    "dur": (7867, _number(9, 240)),
    "dur_f": (7853, _decimal(4.0, 230.0, 3)),
    "dur_l": (7841, _number(1_050, 4_900)),
    "dur_lf": (7829, _decimal(1_050.0, 9_800.0, 3)),
    "rt": (7823, _decimal(0.012, 0.290, 3)),
    "rt_s": (7817, _decimal(0.001, 0.040, 3)),
    "score": (4051, _decimal(0.001, 0.990, 4)),
    "port": (6121, lambda rng: str(32_768 + int(rng.random() * 28_000))),
    "pid": (2053, lambda rng: str(2_100 + int(rng.random() * 29_000))),
    "worker": (211, lambda rng: str(29 + int(rng.random() * 4))),
    "span": (8179, _hex(16)),
    "hex8": (8171, _hex(8)),
    "hex16": (8167, _hex(16)),
    "login": (911, _one_of(*_LOGINS)),
    "provider": (401, _one_of("adyen", "stripe", "paypal", "klarna")),
    "country": (419, _one_of("DE", "AT", "FR", "NL", "PL", "ES", "IT")),
    "mail": (421, _one_of("order-confirmation", "shipping-update", "password-reset", "cart-reminder", "invoice")),
    "table": (431, _one_of("orders", "payments", "cart_items", "stock_levels", "sessions", "outbox")),
    "app": (433, _one_of("payment", "cart", "fraud")),
    "d1": (991, lambda rng: str(int(rng.random() * 10))),
    "d2": (997, lambda rng: f"{int(rng.random() * 100):02d}"),
}
_COUNTERS = {"order": 7_031_400, "conn": 4_810_200, "tag": 911_000, "gc": 4_100}


class Pool(Generic[T]):
    """An endless supply: a list read round and round."""

    __slots__ = ("_at", "_values")

    def __init__(self, values: list[T]) -> None:
        self._values = values
        self._at = 0

    def take(self, count: int) -> list[T]:
        """The next `count` values."""
        begin, size = self._at, len(self._values)
        end = begin + count
        self._at = end % size
        return self._values[begin:end] if end <= size else (self._values * (end // size + 1))[begin:end]


class Values:
    """All sources of varying words of one run; each is made when first asked for, from the seed and its own name."""

    def __init__(self, seed: int) -> None:
        self._seed = seed
        self._pools: dict[str, Pool[str]] = {}
        self._counters = dict(_COUNTERS)
        self._traces = self.random("trace")
        self._starts: dict[int, Pool[int]] = {}
        self.lags = Pool(self._ints("lag", 1_009, 6))

    def random(self, name: str) -> Random:
        """A generator of its own for `name`: what one part draws never changes what another gets."""
        return Random(f"{self._seed}:{name}")

    def _ints(self, name: str, count: int, below: int) -> list[int]:
        rng = self.random(name)
        return [int(rng.random() * below) for _ in range(count)]

    def starts(self, count: int, below: int) -> list[int]:
        """`count` instants within a second, sorted, in milliseconds under `below`."""
        if below not in self._starts:
            self._starts[below] = Pool(self._ints(f"start{below}", 8_161, below))
        return sorted(self._starts[below].take(count))

    def draw(self, name: str, count: int) -> list[str]:
        """`count` words for the slot `name`; raises KeyError for a name nobody declared."""
        if name == "trace":
            text = self._traces.randbytes(16 * count).hex()
            return [text[at : at + 32] for at in range(0, 32 * count, 32)]
        if name in self._counters:
            begin = self._counters[name]
            self._counters[name] = begin + count
            return [str(number) for number in range(begin, begin + count)]
        if name not in self._pools:
            size, make = _POOLS[name]
            rng = self.random(name)
            self._pools[name] = Pool([make(rng) for _ in range(size)])
        return self._pools[name].take(count)


class Batch:
    """Some requests (or other happenings) of one second, column by column.

    A column is drawn when a template first names it and then kept: every line about a request shows the same values.
    `starts` are the members' instants within the second (ms, sorted), `first` is the number of the first member
    within its population.
    """

    __slots__ = ("_columns", "_values", "first", "size", "starts")

    def __init__(self, values: Values, starts: list[int], first: int = 0) -> None:
        self._values = values
        self._columns: dict[str, list[str]] = {}
        self.starts = starts
        self.size = len(starts)
        self.first = first

    def column(self, name: str) -> list[str]:
        """The words of slot `name`, one for each member."""
        if name not in self._columns:
            self._columns[name] = self._values.draw(name, self.size)
        return self._columns[name]

    def moments(self, offset: int) -> list[str]:
        """The member's start plus `offset` ms (and a little jitter, if not 0), as three digits."""
        if not offset:
            return [MILLIS[start] for start in self.starts]
        lags = self._values.lags.take(self.size)
        return [MILLIS[start + offset + lag] for start, lag in zip(self.starts, lags, strict=True)]
