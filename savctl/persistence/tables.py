"""The specification's seven tables as it declares them, and savctl's own beside them."""

from __future__ import annotations

from typing import Any

from sqlalchemy import (
    Boolean,
    Column,
    Enum,
    ForeignKey,
    Index,
    Integer,
    MetaData,
    String,
    Table,
    Text,
    UniqueConstraint,
)
from sqlalchemy.dialects import mysql

from savctl.domain.priority import Priority
from savctl.domain.states import Status
from savctl.persistence.types import BigId, LongText, MetadataType, UtcDateTime

OWN_PREFIX = "savctl_"
VERSION_TABLE = "savctl_alembic_version"

metadata = MetaData()

_SERVICE: dict[str, Any] = {
    "mysql_engine": "InnoDB",
    "mysql_charset": "utf8mb4",
    "mysql_collate": "utf8mb4_unicode_ci",
    "sqlite_autoincrement": True,  # without it SQLite hands out deleted ids again
}
# Keys of ours are compared byte for byte: 'a' is not 'A', and 'é' is not 'e'.
_OWN: dict[str, Any] = {**_SERVICE, "mysql_collate": "utf8mb4_bin"}
_OWN_KEYED = {k: v for k, v in _OWN.items() if k != "sqlite_autoincrement"}
_SERVICE_KEYED = {k: v for k, v in _SERVICE.items() if k != "sqlite_autoincrement"}

# Case does not count in utf8mb4_unicode_ci; NOCASE is SQLite's nearest.
_Words = String(255).with_variant(String(255, collation="NOCASE"), "sqlite")
_UnsignedInt = Integer().with_variant(mysql.INTEGER(unsigned=True), "mysql", "mariadb")


def _choice(*values: str, name: str) -> Enum:
    return Enum(*values, name=name, create_constraint=True, validate_strings=True)


support_tickets = Table(
    "support_tickets",
    metadata,
    Column("id", BigId, primary_key=True, autoincrement=True),
    Column("ticket_number", _Words, nullable=False),
    Column("user_id", BigId, nullable=False),
    Column("subject", String(255), nullable=False),
    Column("description", Text, nullable=False),
    Column(
        "priority",
        _choice(*Priority, name="support_tickets_priority_check"),
        nullable=False,
        server_default="medium",
    ),
    Column(
        "status",
        _choice(*Status, name="support_tickets_status_check"),
        nullable=False,
        server_default="open",
    ),
    Column("category", _Words),
    Column("assigned_to", BigId),
    Column("order_id", BigId),
    Column("metadata", MetadataType),
    Column("resolved_at", UtcDateTime),
    Column("closed_at", UtcDateTime),
    Column("created_at", UtcDateTime, nullable=False),
    Column("updated_at", UtcDateTime, nullable=False),
    UniqueConstraint("ticket_number", name="support_tickets_ticket_number_unique"),
    Index("support_tickets_user_id_index", "user_id"),
    Index("support_tickets_status_index", "status"),
    Index("support_tickets_priority_index", "priority"),
    Index("support_tickets_assigned_to_index", "assigned_to"),
    Index("support_tickets_order_id_index", "order_id"),
    Index("support_tickets_status_priority_index", "status", "priority"),
    Index("support_tickets_assigned_to_status_index", "assigned_to", "status"),
    **_SERVICE,
)

ticket_messages = Table(
    "ticket_messages",
    metadata,
    Column("id", BigId, primary_key=True, autoincrement=True),
    Column(
        "ticket_id",
        BigId,
        ForeignKey(
            "support_tickets.id", name="ticket_messages_ticket_id_foreign", ondelete="CASCADE"
        ),
        nullable=False,
    ),
    Column("sender_id", BigId, nullable=False),
    Column(
        "sender_type",
        _choice("customer", "agent", name="ticket_messages_sender_type_check"),
        nullable=False,
    ),
    Column("message", Text, nullable=False),
    Column("is_internal", Boolean, nullable=False, server_default="0"),
    Column("read_at", UtcDateTime),
    Column("created_at", UtcDateTime, nullable=False),
    Column("updated_at", UtcDateTime, nullable=False),
    Index("ticket_messages_ticket_id_index", "ticket_id"),
    Index("ticket_messages_sender_id_index", "sender_id"),
    Index("ticket_messages_ticket_id_created_at_index", "ticket_id", "created_at"),
    **_SERVICE,
)

ticket_attachments = Table(
    "ticket_attachments",
    metadata,
    Column("id", BigId, primary_key=True, autoincrement=True),
    Column(
        "ticket_id",
        BigId,
        ForeignKey(
            "support_tickets.id", name="ticket_attachments_ticket_id_foreign", ondelete="CASCADE"
        ),
        nullable=False,
    ),
    Column(
        "message_id",
        BigId,
        ForeignKey(
            "ticket_messages.id", name="ticket_attachments_message_id_foreign", ondelete="CASCADE"
        ),
    ),
    Column("original_name", String(255), nullable=False),
    Column("filename", String(255), nullable=False),
    Column("file_path", String(255), nullable=False),
    Column("mime_type", String(255), nullable=False),
    Column("file_size", _UnsignedInt, nullable=False),
    Column("created_at", UtcDateTime, nullable=False),
    Column("updated_at", UtcDateTime, nullable=False),
    Index("ticket_attachments_ticket_id_index", "ticket_id"),
    Index("ticket_attachments_message_id_index", "message_id"),
    Index("ticket_attachments_ticket_id_message_id_index", "ticket_id", "message_id"),
    **_SERVICE,
)

users = Table(
    "users",
    metadata,
    Column("id", BigId, primary_key=True, autoincrement=True),
    Column("email", String(255), nullable=False),
    Column("firstname", String(255), nullable=False),
    Column("lastname", String(255), nullable=False),
    **_SERVICE,
)

jobs = Table(
    "jobs",
    metadata,
    Column("id", BigId, primary_key=True, autoincrement=True),
    Column("queue", String(255), nullable=False),
    Column("payload", Text, nullable=False),
    Column("attempts", Integer, nullable=False),
    Column("reserved_at", Integer),
    Column("available_at", Integer, nullable=False),
    Column("created_at", Integer, nullable=False),
    Index("jobs_queue_index", "queue"),
    **_SERVICE,
)

cache = Table(
    "cache",
    metadata,
    Column("key", String(255), primary_key=True),
    Column("value", Text, nullable=False),
    Column("expiration", Integer, nullable=False),
    **_SERVICE_KEYED,
)

cache_locks = Table(
    "cache_locks",
    metadata,
    Column("key", String(255), primary_key=True),
    Column("owner", String(255), nullable=False),
    Column("expiration", Integer, nullable=False),
    **_SERVICE_KEYED,
)

SERVICE_TABLES: tuple[Table, ...] = (
    support_tickets,
    ticket_messages,
    ticket_attachments,
    users,
    jobs,
    cache,
    cache_locks,
)

meta = Table(
    "savctl_meta",
    metadata,
    Column("name", String(64), primary_key=True),
    Column("value", String(255), nullable=False),
    **_OWN_KEYED,
)

leases = Table(
    "savctl_leases",
    metadata,
    Column("name", String(64), primary_key=True),
    Column("owner", String(255)),
    Column("token", BigId, nullable=False, server_default="0"),
    Column("acquired_at", UtcDateTime(6)),
    Column("heartbeat_at", UtcDateTime(6)),
    Column("expires_at", UtcDateTime(6)),
    **_OWN_KEYED,
)

runs = Table(
    "savctl_runs",
    metadata,
    Column("id", BigId, primary_key=True, autoincrement=True),
    Column("job", String(64), nullable=False),
    Column("scheduled_for", UtcDateTime(6)),
    Column("started_by", String(16), nullable=False),
    Column("status", String(16), nullable=False),
    Column("attempt", Integer, nullable=False, server_default="1"),
    Column("host", String(255), nullable=False),
    Column("token", BigId, nullable=False),
    Column("started_at", UtcDateTime(6), nullable=False),
    Column("finished_at", UtcDateTime(6)),
    Column("seen", Integer, nullable=False, server_default="0"),
    Column("changed", Integer, nullable=False, server_default="0"),
    Column("skipped", Integer, nullable=False, server_default="0"),
    Column("failed", Integer, nullable=False, server_default="0"),
    Column("left_over", Integer, nullable=False, server_default="0"),
    Column("report", LongText),
    Column("error", Text),
    UniqueConstraint("job", "scheduled_for", name="savctl_runs_slot_unique"),
    Index("savctl_runs_job_id_index", "job", "id"),
    **_OWN,
)

audit = Table(
    "savctl_audit",
    metadata,
    Column("id", BigId, primary_key=True, autoincrement=True),
    Column("at", UtcDateTime(6), nullable=False),
    Column("actor", BigId),
    Column("action", String(32), nullable=False),
    Column("ticket_id", BigId),
    Column("run_id", BigId),
    Column("entry", LongText, nullable=False),
    Index("savctl_audit_ticket_id_index", "ticket_id", "id"),
    Index("savctl_audit_at_index", "at"),
    **_OWN,
)

outbox = Table(
    "savctl_outbox",
    metadata,
    Column("id", BigId, primary_key=True, autoincrement=True),
    Column("event_id", String(36), nullable=False),
    Column("event", String(64), nullable=False),
    Column("routing_key", String(255), nullable=False),
    Column("ticket_id", BigId, nullable=False),
    # Text, not JSON: MySQL sorts the keys of a JSON column, and the envelope's order is fixed.
    Column("envelope", LongText, nullable=False),
    Column("occurred_at", UtcDateTime(6), nullable=False),
    Column("published_at", UtcDateTime(6)),
    Column("attempts", Integer, nullable=False, server_default="0"),
    Column("available_at", UtcDateTime(6)),
    Column("dead_at", UtcDateTime(6)),
    Column("skipped_at", UtcDateTime(6)),
    Column("last_error", String(500)),
    UniqueConstraint("event_id", name="savctl_outbox_event_id_unique"),
    Index("savctl_outbox_waiting_index", "published_at", "dead_at", "id"),
    Index("savctl_outbox_ticket_id_index", "ticket_id", "id"),
    **_OWN,
)

idempotency = Table(
    "savctl_idempotency",
    metadata,
    Column("key", String(255), primary_key=True),
    Column("command", String(64), nullable=False),
    Column("input_digest", String(64), nullable=False),
    Column("answer", LongText, nullable=False),
    Column("created_at", UtcDateTime(6), nullable=False),
    **_OWN_KEYED,
)

imports = Table(
    "savctl_imports",
    metadata,
    Column("source", String(64), primary_key=True),
    Column("external_id", String(191), primary_key=True),
    Column("ticket_id", BigId, nullable=False),
    Index("savctl_imports_ticket_id_index", "ticket_id"),
    **_OWN_KEYED,
)

# When the scan must look at a ticket next: a lower bound, whatever other programs do. NULL: no
# breach can come any more. What is due decides the rule, on the locked row.
sla_alarms = Table(
    "savctl_sla_alarms",
    metadata,
    Column("ticket_id", BigId, primary_key=True, autoincrement=False),
    Column("looks_at", UtcDateTime(6)),
    Column("row_updated_at", UtcDateTime(6)),
    Index("savctl_sla_alarms_looks_at_index", "looks_at", "ticket_id"),
    **_OWN_KEYED,
)

sla_breaches = Table(
    "savctl_sla_breaches",
    metadata,
    Column("ticket_id", BigId, primary_key=True, autoincrement=False),
    Column("side", String(16), primary_key=True),
    Column("at", UtcDateTime(6), nullable=False),
    Column("found_at", UtcDateTime(6), nullable=False),
    Column("priority", String(16), nullable=False),
    Column("expected_minutes", Integer, nullable=False),
    Column("actual_minutes", Integer, nullable=False),
    Column("raised_to", String(16)),
    Column("run_id", BigId),
    Index("savctl_sla_breaches_at_index", "at", "ticket_id"),
    **_OWN_KEYED,
)

sla_policies = Table(
    "savctl_sla_policies",
    metadata,
    Column("version", Integer, primary_key=True, autoincrement=False),
    Column("starts_at", UtcDateTime(6), nullable=False),
    Column("body", LongText, nullable=False),
    **_OWN_KEYED,
)

reports = Table(
    "savctl_reports",
    metadata,
    Column("id", BigId, primary_key=True, autoincrement=True),
    Column("kind", String(64), nullable=False),
    Column("made_at", UtcDateTime(6), nullable=False),
    Column("run_id", BigId),
    Column("body", LongText, nullable=False),
    Index("savctl_reports_kind_index", "kind", "id"),
    **_OWN,
)

vips = Table(
    "savctl_vips",
    metadata,
    Column("user_id", BigId, primary_key=True, autoincrement=False),
    Column("since", UtcDateTime(6), nullable=False),
    Column("actor", BigId),
    **_OWN_KEYED,
)
