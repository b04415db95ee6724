"""The table of settings: database, broker, closings, runner, SLA."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal
from pathlib import Path

from savctl.config import values
from savctl.config.settings import Setting
from savctl.domain.clock_skew import SKEW_LIMIT
from savctl.domain.model.priority import LEVELS
from savctl.domain.sla.policy import TARGETS
from savctl.domain.sla.policy_text import percent

CORE: tuple[Setting, ...] = (
    Setting("home", ("SAVCTL_HOME",), Path, None, "folder of the embedded database and files"),
    Setting(
        "embedded",
        ("SAVCTL_EMBEDDED",),
        values.yes,
        False,
        "without another database, the embedded one is meant, also for what runs unattended",
    ),
    Setting(
        "database_url",
        ("SAVCTL_DATABASE_URL",),
        values.database_url,
        None,
        "database; or DB_CONNECTION, DB_HOST, DB_PORT, DB_DATABASE, DB_USERNAME, DB_PASSWORD",
        secret=True,
    ),
    Setting(
        "broker_url",
        ("SAVCTL_BROKER_URL",),
        values.broker_url,
        None,
        "broker; or RABBITMQ_HOST, RABBITMQ_PORT, RABBITMQ_USER, RABBITMQ_PASSWORD, "
        "RABBITMQ_VHOST; without one, events wait in the outbox",
        secret=True,
    ),
    Setting(
        "broker_topology",
        ("SAVCTL_BROKER_TOPOLOGY",),
        values.one_of("check", "declare"),
        "check",
        "check: the exchange must be there; declare: the relay makes it",
    ),
    Setting(
        "broker_window",
        ("SAVCTL_BROKER_WINDOW",),
        values.whole(1, 10_000),
        500,
        "events under way to the broker at once",
    ),
    Setting("broker_ca_file", ("SAVCTL_BROKER_CA_FILE",), str, None, "CA for amqps://"),
    Setting("broker_cert_file", ("SAVCTL_BROKER_CERT_FILE",), str, None, "client certificate"),
    Setting("broker_key_file", ("SAVCTL_BROKER_KEY_FILE",), str, None, "its private key"),
    Setting(
        "event_attempts",
        ("SAVCTL_EVENT_ATTEMPTS",),
        values.whole(1, 1000),
        100,
        "refusals by the broker after which an event is set aside as dead",
    ),
    Setting(
        "event_retention",
        ("SAVCTL_EVENT_RETENTION",),
        values.span,
        timedelta(days=30),
        "how long published events are kept",
    ),
    Setting(
        "actor",
        ("SAVCTL_ACTOR",),
        values.whole(1, 2**64 - 1),
        None,
        "your user id, as --as",
    ),
    Setting(
        "protected",
        ("SAVCTL_PROTECTED",),
        values.yes,
        False,
        "say PRODUCTION before risky commands",
    ),
    Setting(
        "log_format",
        ("SAVCTL_LOG_FORMAT",),
        values.one_of("text", "json"),
        "text",
        "form of the log lines on stderr: text or json",
    ),
    Setting(
        "auto_close_after",
        ("SAVCTL_AUTO_CLOSE_AFTER",),
        values.span,
        timedelta(days=7),
        "silence after which a waiting ticket closes",
    ),
    Setting(
        "close_resolved_after",
        ("SAVCTL_CLOSE_RESOLVED_AFTER",),
        values.span,
        timedelta(hours=24),
        "confirmation window of a resolved ticket",
    ),
    Setting(
        "closing_brake",
        ("SAVCTL_CLOSING_BRAKE",),
        values.whole(1, 10**9),
        1000,
        "closings in one run that need a person's word first",
    ),
    Setting(
        "batch_size",
        ("SAVCTL_BATCH_SIZE",),
        values.whole(1, 5000),
        1000,
        "tickets in one transaction of a job",
    ),
    Setting(
        "lease_seconds",
        ("SAVCTL_LEASE_SECONDS",),
        values.whole(5, 3600),
        60,
        "how long a dead host's job stays locked",
    ),
    Setting(
        "tick_seconds",
        ("SAVCTL_TICK_SECONDS",),
        values.whole(1, 60),
        15,
        "how often the scheduler looks for due jobs",
    ),
    Setting(
        "catch_up_limit",
        ("SAVCTL_CATCH_UP_LIMIT",),
        values.span,
        timedelta(days=32),
        "missed slots older than this are not caught up",
    ),
    Setting(
        "clock_skew_limit",
        ("SAVCTL_CLOCK_SKEW_LIMIT",),
        values.span,
        SKEW_LIMIT,
        "difference to the database's clock above which this host decides nothing",
    ),
    Setting(
        "order_value_over",
        ("SAVCTL_ORDER_VALUE_OVER",),
        values.money,
        Decimal(500),
        "EUR above which a new ticket is high",
    ),
    Setting(
        "repeats_over",
        ("SAVCTL_REPEATS_OVER",),
        values.whole(0, 10**6),
        3,
        "earlier tickets of a user in a category above which a new one is high",
    ),
    *(
        Setting(
            f"sla_{level}_{side}",
            (f"SAVCTL_SLA_{level}_{side}".upper(),),
            values.span,
            getattr(TARGETS[level], side),
            f"{side} target of {level} tickets",
        )
        for level in LEVELS
        for side in ("response", "resolution")
    ),
    Setting(
        "sla_warn_at",
        ("SAVCTL_SLA_WARN_AT",),
        percent,
        None,
        "share of a target after which a ticket counts as close to its breach; unset: none does",
    ),
    Setting(
        "sla_audit_brake",
        ("SAVCTL_SLA_AUDIT_BRAKE",),
        values.whole(1, 10**9),
        1000,
        "missed breaches in one audit that need a person's word first",
    ),
)
