"""Settings: users and orders of other services."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

from savctl.config import values
from savctl.config.setting import setting


@dataclass(frozen=True, kw_only=True, init=False, repr=False, eq=False)
class SyncSettings:
    """Users and orders of other services: where their messages arrive, and how many at a time."""

    sync_users_queue: str = setting(
        "sav.users", values.broker_name, "queue in which the auth service's messages arrive"
    )
    sync_orders_queue: str = setting(
        "sav.orders", values.broker_name, "queue in which the orders service's messages arrive"
    )
    auth_exchange: str = setting(
        "auth_exchange", values.broker_name, "exchange of the auth service"
    )
    orders_exchange: str = setting(
        "orders_exchange", values.broker_name, "exchange of the orders service"
    )
    sync_users_key: str = setting(
        "auth.user.*", values.broker_name, "routing key of the messages about users"
    )
    sync_orders_key: str = setting(
        "orders.order.*", values.broker_name, "routing key of the messages about orders"
    )
    sync_prefetch: int = setting(
        50,
        values.whole(1, 5_000),
        "unacknowledged messages of a queue that one consumer has at most",
    )
    sync_largest: int = setting(
        256 * 1024,
        values.whole(1, 4 * 1024 * 1024),
        "bytes of a message above which it is set aside unread",
    )
    order_check: str = setting(
        "auto",
        values.one_of("auto", "off"),
        "auto: ask the orders service for --order of a new ticket, if a broker is configured",
    )
    user_check: str = setting(
        "auto",
        values.one_of("auto", "off"),
        "auto: ask the auth service for a customer who is not in users yet",
    )
    order_check_timeout: timedelta = setting(
        timedelta(seconds=2),
        values.span_up_to(timedelta(minutes=1)),
        "how long an answer of another service is awaited",
    )
    reconcile_rate: int = setting(
        50, values.whole(1, 10_000), "questions a second that reconcile asks at most"
    )
    reconcile_brake_percent: int = setting(
        20, values.whole(0, 100), "share of users gone that stops reconcile, together with"
    )
    reconcile_brake_count: int = setting(
        20, values.whole(0, 10**9), "as many users gone: it must be the wrong broker"
    )
    inbox_retention: timedelta = setting(
        timedelta(days=30), values.span, "how long it is remembered that a message was taken in"
    )
    sync_state_retention: timedelta = setting(
        timedelta(days=365),
        values.span,
        "how long it is remembered that the auth service deleted a user",
    )
