"""Settings: the broker, and what becomes of events."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

from savctl.config import values
from savctl.config.setting import setting


@dataclass(frozen=True, kw_only=True, init=False, repr=False, eq=False)
class EventSettings:
    """The broker, and what becomes of events."""

    broker_url: str | None = setting(
        None,
        values.broker_url,
        "broker; or RABBITMQ_HOST, RABBITMQ_PORT, RABBITMQ_USER, RABBITMQ_PASSWORD, "
        "RABBITMQ_VHOST; without one, events wait in the outbox",
        secret=True,
    )
    broker_topology: str = setting(
        "check",
        values.one_of("check", "declare"),
        "check: the exchange must be there; declare: the relay makes it",
    )
    broker_window: int = setting(
        500, values.whole(1, 10_000), "events sent to the broker and not yet confirmed"
    )
    broker_ca_file: str | None = setting(None, str, "CA for amqps://")
    broker_cert_file: str | None = setting(None, str, "client certificate")
    broker_key_file: str | None = setting(None, str, "its private key")
    event_attempts: int = setting(
        100,
        values.whole(1, 1000),
        "refusals by the broker after which an event is set aside as dead",
    )
    event_retention: timedelta = setting(
        timedelta(days=30), values.span, "how long published events are kept"
    )
    ticket_cache_url: str | None = setting(
        None,
        values.cache_url,
        "redis://host:6379/0 from which entries of changed tickets are removed; none: off",
        secret=True,
    )
    ticket_cache_keys: tuple[str, ...] = setting(
        ("sav:ticket:{id}",),
        values.cache_keys,
        "keys of a ticket's entries, with commas; {id} is the ticket's id",
    )
