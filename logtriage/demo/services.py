"""What the other services write: inventory (Go, zap), cart (Python), fraud (Node, pino) and notification (.NET)."""

from __future__ import annotations

from functools import partial

from logtriage.demo import shop
from logtriage.demo.shop import Kind, Population, idle

_cart, _fraud, _notification = (partial(Kind, name) for name in ("cart", "fraud", "notification"))
_POSTGRES = shop.ADDRESSES["postgres"]


def zap(level: str, caller: str, message: str, fields: str = "") -> str:
    """A line of Go's zap with its production encoder; `fields` are ready JSON members."""
    more = f",{fields}" if fields else ""
    return (
        f'{{"level":"{level}","ts":"<iso>.<ms>Z","caller":"{caller}","msg":"{message}",'
        f'"service":"inventory","version":"<version>"{more}}}'
    )


_TRACE = '"trace_id":"<trace>","span_id":"<span>"'
_LEAKING = shop.bump(shop.DEPLOY + 4, shop.DEPLOY + 5, shop.OOM - 1, shop.OOM)
_STRUGGLING = shop.bump(shop.SLOW, shop.OOM - 90, shop.OOM - 2, shop.OOM - 1)


def _inventory(source: Population, text: str, at: int = 0, every: int = 1, after: int = 0) -> Kind:
    return Kind("inventory", source, text, at, after, every)


INVENTORY = (
    _inventory(shop.BROWSE, zap("debug", "stock/lookup.go:61", "stock level read",
        '"sku":"<sku>","available":<small>,"duration_ms":<dur_s>,' + _TRACE), 4, 2),
    _inventory(shop.BROWSE, zap("info", "httpx/access.go:42", "request served",
        '"method":"GET","path":"/v1/stock/<sku>","status":200,"duration_ms":<dur_s>,' + _TRACE), 12),
    _inventory(shop.ORDER, zap("info", "stock/reserve.go:88", "stock reserved",
        '"order":<order>,"sku":"<sku>","qty":<qty>,"duration_ms":<dur_s>,' + _TRACE), 8),
    _inventory(shop.ORDER, zap("info", "httpx/access.go:42", "request served",
        '"method":"PUT","path":"/v1/reservations","status":201,"duration_ms":<dur_s>,' + _TRACE), 14),
    _inventory(shop.SLOW_ORDER, zap("info", "httpx/access.go:42", "request served",
        '"method":"PUT","path":"/v1/reservations","status":201,"duration_ms":<dur_lf>,' + _TRACE), 20, 1, 2),
    _inventory(idle(0.25, shop.UP), zap("debug", "httpx/health.go:19", "probe answered", '"path":"/healthz"')),
    _inventory(idle(0.10, shop.UP), zap("info", "runtime/memstats.go:33",
        "heap in use <heap>.<d1> MiB of 512 MiB", '"goroutines":<goroutines>,"gc_cycles":<small>')),
    _inventory(idle(0.06, shop.UP), zap("info", "sync/warehouse.go:104", "warehouse delta applied",
        '"rows":<small>,"duration_ms":<dur_f>')),
    _inventory(idle(0.03, _LEAKING), zap("debug", "reserve/cache.go:57", "reservation cache grew",
        '"entries":<entries>,"evicted":0')),
    _inventory(idle(0.10, _STRUGGLING, prompt=True), zap("warn", "runtime/memstats.go:47",
        "garbage collection is slow", '"pause_ms":<dur_lf>,"heap_in_use_mib":<heap>,"limit_mib":512')),
)  # fmt: skip

_THREAD = "[worker-<t1>]"
_CART_IDS = "cart=<hex8> user=<user> trace=<trace>"
_TRACEBACK = f"""ERROR cart.api {_THREAD} POST /api/cart/items failed {_CART_IDS}
Traceback (most recent call last):
  File "/srv/cart/api.py", line 141, in add_item
    with connect() as db:
         ^^^^^^^^^
  File "/srv/cart/store.py", line 38, in connect
    return psycopg.connect(DSN, connect_timeout=5)
           ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^
psycopg.OperationalError: connection failed: connection to server at "10.0.3.20", port 5432 failed: \
FATAL:  sorry, too many clients already"""
CART = (
    _cart(shop.CART, f"DEBUG cart.store {_THREAD} loaded cart with <qty> lines in <dur_s> ms {_CART_IDS}", 6, every=2),
    _cart(shop.CART, f"INFO cart.api {_THREAD} item added sku=<sku> qty=<qty> {_CART_IDS}", 10),
    _cart(shop.CART, f'INFO cart.access {_THREAD} "POST /api/cart/items" 200 <bytes>B <dur_s>ms trace=<trace>', 20),
    _cart(idle(0.30), f'DEBUG cart.access {_THREAD} "GET /health" 200 2B <dur_s>ms'),
    _cart(idle(0.04), "INFO cart.cleanup [timer] expired <small> carts in <dur> ms"),
    _cart(idle(0.03), f"WARNING cart.api {_THREAD} unknown coupon code <hex8> user=<user>"),
    _cart(shop.CART_DOWN, _TRACEBACK, 12, every=8),
    _cart(shop.CART_DOWN, f"ERROR cart.store {_THREAD} cannot load cart: FATAL:  sorry, too many clients already "
         f"(postgres {_POSTGRES}) {_CART_IDS}", 10),
)  # fmt: skip


def pino(level: int, message: str, fields: str = "") -> str:
    """A line of Node's pino; `fields` are ready JSON members."""
    more = f"{fields}," if fields else ""
    return f'{{"level":{level},"time":<epoch><ms>,"pid":1,"hostname":"{shop.FRAUD_POD}",{more}"msg":"{message}"}}'


_FRAUD_IDS = '"traceId":"<trace>","order":<order>'
_CUT = "\f"  # where the container runtime cuts a long line into partial ones
_FULL = "sorry, too many clients already"
_FRAUD_STACK = "\\n".join((
    f"error: {_FULL}",
    "    at Parser.parseErrorMessage (/app/node_modules/pg-protocol/dist/parser.js:285:98)",
    f"    at Client._handleErrorMessage (/app/node_modules/pg/lib/client.js:391:19){_CUT}",
    "    at async FeatureStore.load (/app/src/features/store.js:88:20)",
    f"    at async Scorer.score (/app/src/score/scorer.js:41:22){_CUT}",
    "    at async handler (/app/src/routes/score.js:19:18)",
))  # fmt: skip
FRAUD = (
    _fraud(shop.ORDER, pino(20, "features loaded", _FRAUD_IDS + ',"features":<small>,"ms":<dur_s>'), 28, every=2),
    _fraud(shop.ORDER, pino(30, "score computed", _FRAUD_IDS + ',"score":<score>,"country":"<country>"'), 36),
    _fraud(shop.ORDER, pino(30, "request completed",
        '"req":{"method":"POST","url":"/score","remoteAddress":"10.0.3.11"},"res":{"statusCode":200},'
        '"responseTime":<dur_s>,"traceId":"<trace>"'), 42),
    _fraud(idle(0.25), pino(20, "request completed",
        '"req":{"method":"GET","url":"/ready","remoteAddress":"10.0.4.1"},"res":{"statusCode":200},"responseTime":<dur_s>')),
    _fraud(idle(0.03), pino(30, "model refreshed", '"model":"gbt-2026-01-09","rows":<big>,"ms":<dur>')),
    _fraud(idle(0.02), pino(40, "score above review threshold", _FRAUD_IDS + ',"score":0.9<d2>,"threshold":0.9')),
    _fraud(shop.FRAUD_DOWN, pino(50, f"scoring failed: {_FULL}",
        _FRAUD_IDS + f',"peer":"{_POSTGRES}","code":"53300","attempt":<qty>'), 30),
    _fraud(shop.FRAUD_DOWN, pino(50, "features of the order not loaded",
        _FRAUD_IDS + f',"err":{{"type":"DatabaseError","message":"{_FULL}","stack":"{_FRAUD_STACK}","code":"53300"}}'),
        44, every=6),
)  # fmt: skip


def _dotnet(level: str, category: str, message: str) -> str:
    """A record of .NET's console logger: two lines and no timestamp of its own."""
    return f"{level}: Shop.Notification.{category}[0]\n      {message}"


_BACKLOG = shop.bump(shop.QUEUE - 1, shop.QUEUE + 60, shop.CLOSED, shop.RECOVERED - 25)
NOTIFICATION = (
    _notification(shop.ORDER, _dotnet("info", "QueueWorker",
        "Received message <tag> from orders.confirmed, order <order>, trace <trace>"), 10, 1),
    _notification(shop.ORDER, _dotnet("info", "EmailSender",
        "Sent order-confirmation to user <user> for order <order> in <dur> ms, trace <trace>"), 90, 1),
    _notification(idle(0.10), _dotnet("info", "EmailSender", "Sent <mail> to user <user> in <dur> ms")),
    _notification(idle(0.06), _dotnet("dbug", "QueueWorker",
        "Queue orders.confirmed depth <depth>, <t1> consumers, prefetch 20")),
    _notification(idle(0.10, _BACKLOG, prompt=True), _dotnet("warn", "QueueWorker",
        "Queue orders.confirmed depth <depth> exceeds threshold 500, oldest message waits <dur> s")),
    _notification(idle(0.16, _BACKLOG), _dotnet("fail", "OrderClient",
        f"Message <tag> requeued: GET http://checkout:8080/api/orders/<small> ({shop.ADDRESSES['checkout']}) "
        "answered 503 (Service Unavailable)")),
)  # fmt: skip
