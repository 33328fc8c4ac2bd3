"""What the two Java services write: checkout (logback) and payment (Spring Boot, HikariCP)."""

from __future__ import annotations

from functools import partial

from logtriage.demo import shop
from logtriage.demo.shop import Kind, idle

_INVENTORY = "inventory/" + shop.ADDRESSES["inventory"]
_checkout, _payment = partial(Kind, "checkout"), partial(Kind, "payment")
_EXEC = "[http-nio-8080-exec-<t2>]"
_IDS = "trace_id=<trace> span_id=<span>"

# Frames of the way a request takes through checkout, innermost last to be thrown.
_FRAMES = """
	at com.shop.checkout.client.InventoryClient.reserve(InventoryClient.java:118)
	at com.shop.checkout.client.InventoryClient.lambda$reserveWithRetry$1(InventoryClient.java:97)
	at io.github.resilience4j.retry.Retry.lambda$decorateCheckedSupplier$3(Retry.java:264)
	at io.github.resilience4j.circuitbreaker.CircuitBreaker.executeCheckedSupplier(CircuitBreaker.java:812)
	at com.shop.checkout.order.ReservationService.reserve(ReservationService.java:73)
	at com.shop.checkout.order.OrderService.place(OrderService.java:141)
	at com.shop.checkout.web.OrderController.create(OrderController.java:58)
	at java.base/java.lang.Thread.run(Thread.java:1583)"""


def _failed_call(outer: str, cause: str, inner: str) -> str:
    return (
        f"ERROR {_EXEC} c.s.checkout.client.InventoryClient - Reservation for order <order> failed after 3 attempts "
        f"{_IDS}\ncom.shop.checkout.client.{outer}: PUT http://inventory:8080/v1/reservations{_FRAMES}"
        f"\nCaused by: {cause}\n\tat java.base/sun.nio.ch.{inner}\n"
        "\tat java.base/java.net.Socket.connect(Socket.java:751)\n"
        "\tat org.apache.hc.client5.http.impl.io.DefaultHttpClientConnectionOperator.connect"
        "(DefaultHttpClientConnectionOperator.java:188)\n\t... 8 common frames omitted"
    )


_TIMED_OUT = _failed_call(
    "InventoryUnavailableException",
    f"java.net.SocketTimeoutException: Connect timed out: {_INVENTORY}",
    "NioSocketImpl.timedFinishConnect(NioSocketImpl.java:546)",
)
_REFUSED = _failed_call(
    "InventoryUnavailableException",
    f"java.net.ConnectException: Connection refused: {_INVENTORY}",
    "Net.pollConnect(Native Method)",
)
_INFO, _DEBUG, _WARN, _ERROR = (f"{level} {_EXEC} " for level in ("INFO ", "DEBUG", "WARN ", "ERROR"))
_RECEIVED = (
    f"{_INFO}c.s.checkout.web.OrderController - Order <order> received: <qty> items, <amount> EUR, user <user> {_IDS}"
)
_RETRY = f"{_WARN}c.s.checkout.client.InventoryClient - Attempt {{}}/3 to reserve for order <order> failed: {{}} {_IDS}"
_TRIED_LATE = f"Connect timed out after 2000 ms to {_INVENTORY}"
_TRIED_REFUSED = f"Connection refused: {_INVENTORY}"
_GC = "INFO  [main-gc] gc - GC(<gc>) Pause Young (Normal) (G1 Evacuation Pause) 3<d2>M->1<d2>M(1024M) <dur_s>ms"


def _order(text: str, at: int, every: int = 1) -> Kind:
    return _checkout(shop.ORDER, text, at, every=every)


CHECKOUT = (
    _order(_RECEIVED, 0),
    _order(f'{_DEBUG}o.s.web.servlet.DispatcherServlet - POST "/api/checkout", content length <bytes> {_IDS}', 0),
    _order(f"{_DEBUG}c.s.checkout.cart.CartClient - Cart of user <user> has <qty> lines, fetched in <dur_s> ms", 2, 2),
    _order(f"{_INFO}c.s.checkout.order.ReservationService - Reserved <qty> x <sku> for order <order> {_IDS}", 20),
    _order(f"{_DEBUG}c.s.checkout.client.FraudClient - Order <order> scored <score> in <dur_s> ms {_IDS}", 48, 2),
    _order(f"{_INFO}c.s.checkout.order.OrderService - Order <order> placed in <dur> ms, <amount> EUR {_IDS}", 118),
    _order(f"{_DEBUG}c.s.checkout.outbox.Publisher - Sent OrderPlaced <order> tag <tag> to orders.confirmed", 126, 2),
    _checkout(idle(0.30), f"{_DEBUG}c.s.checkout.web.HealthController - GET /actuator/health 200 in <dur_s> ms"),
    _checkout(idle(0.14), _GC),
    _checkout(idle(0.10), "DEBUG [scheduling-1] c.s.checkout.outbox.Relay - Outbox drained, <small> rows, <dur_s> ms"),
    _checkout(idle(0.05), "INFO  [scheduling-2] c.s.checkout.price.PriceCache - Refreshed <big> prices in <dur> ms"),
    _checkout(idle(0.01), f"{_WARN}c.s.checkout.web.OrderController - Coupon <hex8> of user <user> has expired"),
    _checkout(shop.SLOW_ORDER, _RECEIVED),
    _checkout(shop.SLOW_ORDER,
        f"{_WARN}c.s.checkout.client.InventoryClient - Slow call: PUT /v1/reservations took <dur_l> ms {_IDS}", 40, 2,
    ),
    _checkout(shop.LATE_ORDER, _RECEIVED),
    _checkout(shop.LATE_ORDER, _RETRY.format(1, f"Read timed out after 5000 ms from {_INVENTORY}"), 30, 5),
    _checkout(shop.LOST_ORDER, _RECEIVED),
    _checkout(shop.LOST_ORDER, _RETRY.format(1, _TRIED_LATE), 10, 2),
    _checkout(shop.LOST_ORDER, _RETRY.format(2, _TRIED_LATE), 30, 4),
    _checkout(shop.LOST_ORDER, _TIMED_OUT, 60, 6),
    _checkout(shop.REFUSED_ORDER, _RECEIVED),
    _checkout(shop.REFUSED_ORDER, _RETRY.format(1, _TRIED_REFUSED), 10),
    _checkout(shop.REFUSED_ORDER, _RETRY.format(2, _TRIED_REFUSED), 10, 1, 2),
    _checkout(shop.REFUSED_ORDER, _REFUSED, 60, 1),
    _checkout(shop.OPEN_ORDER, _RECEIVED),
    _checkout(shop.OPEN_ORDER,
        f"{_ERROR}c.s.checkout.order.OrderService - Order <order> rejected: CircuitBreaker 'inventory' is OPEN and "
        f"does not permit further calls {_IDS}", 12,
    ),
    _checkout(shop.POOL_ORDER, _RECEIVED),
    _checkout(shop.POOL_ORDER,
        f"{_ERROR}c.s.checkout.client.PaymentClient - POST http://payment:8080/v1/payments for order <order> answered "
        f"503 after 30<d2><d1> ms {_IDS}", 60, shop.POOL_WAIT,
    ),
)  # fmt: skip

# --- payment ----------------------------------------------------------------------------------------------------------


def _line(level: str, thread: str, ids: str, logger: str, text: str) -> str:
    return f"{level:>5} 1 --- [payment] [{thread:>15}] [{ids}] {logger:<40} : {text}"


def _call(level: str, logger: str, text: str) -> str:
    return _line(level, "nio-8080-exec-<t1>", "<trace>-<span>", logger, text)


def _alone(level: str, thread: str, logger: str, text: str) -> str:
    return _line(level, thread, " " * 49, logger, text)


def _paid(level: str, logger: str, text: str, at: int, every: int = 1) -> Kind:
    return _payment(shop.ORDER, _call(level, logger, text), at, every=every)


_POOL = "com.zaxxer.hikari.pool.HikariPool"
_EXHAUSTED = _call(
    "ERROR", "c.s.payment.api.PaymentController",
    "Payment for order <order> failed\norg.springframework.jdbc.CannotGetJdbcConnectionException: Failed to obtain "
    "JDBC Connection\n\tat org.springframework.jdbc.datasource.DataSourceUtils.getConnection(DataSourceUtils.java:84)\n"
    "\tat org.springframework.jdbc.core.JdbcTemplate.execute(JdbcTemplate.java:653)\n"
    "\tat com.shop.payment.store.PaymentRepository.insert(PaymentRepository.java:52)\n"
    "\tat com.shop.payment.core.PaymentService.authorize(PaymentService.java:96)\n"
    "\tat com.shop.payment.api.PaymentController.create(PaymentController.java:44)\n"
    "Caused by: java.sql.SQLTransientConnectionException: HikariPool-1 - Connection is not available, request timed "
    "out after 30000ms (total=20, active=20, idle=0, waiting=<waiting>)\n"
    f"\tat {_POOL}.createTimeoutException(HikariPool.java:686)\n\tat {_POOL}.getConnection(HikariPool.java:179)\n"
    "\t... 4 common frames omitted",
)  # fmt: skip

PAYMENT = (
    _paid("DEBUG", "o.s.web.servlet.DispatcherServlet", 'POST "/v1/payments", parameters={}', 50),
    _paid("INFO", "c.s.payment.core.PaymentService", "Authorizing <amount> EUR for order <order>, user <user>", 56),
    _paid("DEBUG", "c.s.payment.core.StockConfirmation", "Reservation of order <order> confirmed in <dur_s> ms", 66, 2),
    _paid("INFO", "c.s.payment.provider.ProviderGateway", "<provider> answered AUTHORISED in <dur> ms <hex16>", 82),
    _paid("INFO", "c.s.payment.core.PaymentService", "Captured <amount> EUR for order <order>, id pay_<hex8>", 100),
    _payment(idle(0.12), _alone("DEBUG", "l-1 housekeeper", "com.zaxxer.hikari.pool.HikariPool",
        "HikariPool-1 - Pool stats (total=20, active=<active>, idle=<free>, waiting=<waiting>)")),
    _payment(idle(0.30), _call("DEBUG", "c.s.payment.api.HealthController", "GET /actuator/health 200 in <dur_s> ms")),
    _payment(idle(0.16), _call("INFO", "c.s.payment.provider.WebhookController",
        "Webhook <hex16> of <provider> accepted: SETTLED, <amount> EUR")),
    _payment(idle(0.05), _alone("INFO", "scheduling-1", "c.s.payment.settle.SettlementJob",
        "Settled <small> payments of <provider> in <dur> ms")),
    _payment(idle(0.02), _call("WARN", "c.s.payment.provider.ProviderGateway",
        "<provider> declined <amount> EUR of user <user>: insufficient funds")),
    _payment(shop.POOL_ORDER, _call("INFO", "c.s.payment.core.PaymentService",
        "Authorizing <amount> EUR for order <order>, user <user>"), 20),
    _payment(shop.POOL_ORDER, _call("WARN", "c.s.payment.core.StockConfirmation",
        f"Waiting for the reservation of order <order>: Connection refused: {_INVENTORY}"), 30, 4),
    _payment(shop.POOL_ORDER, _EXHAUSTED, 40, shop.POOL_WAIT, 2),
    _payment(shop.POOL_ORDER, _call("ERROR", "o.h.engine.jdbc.spi.SqlExceptionHelper",
        "HikariPool-1 - Connection is not available, request timed out after 30000ms "
        "(total=20, active=20, idle=0, waiting=<waiting>)"), 36, shop.POOL_WAIT),
)  # fmt: skip
