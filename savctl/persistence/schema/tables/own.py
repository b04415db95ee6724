"""savctl's own tables for changes, jobs, events and the SLA."""

from __future__ import annotations

from sqlalchemy import Boolean, Column, Index, Integer, String, Table, Text, UniqueConstraint

from savctl.persistence.schema.tables.base import OWN, OWN_KEYED, metadata
from savctl.persistence.types import BigId, LongText, UtcDateTime

meta = Table(
    "savctl_meta",
    metadata,
    Column("name", String(64), primary_key=True),
    Column("value", String(255), nullable=False),
    **OWN_KEYED,
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
    **OWN_KEYED,
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
    **OWN,
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
    **OWN,
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
    **OWN,
)

idempotency = Table(
    "savctl_idempotency",
    metadata,
    Column("key", String(255), primary_key=True),
    Column("command", String(64), nullable=False),
    Column("input_digest", String(64), nullable=False),
    Column("answer", LongText, nullable=False),
    Column("created_at", UtcDateTime(6), nullable=False),
    **OWN_KEYED,
)

# A token for each transaction that was committed, and for each that must not be any more.
commits = Table(
    "savctl_commits",
    metadata,
    Column("token", String(32), primary_key=True),
    Column("is_stored", Boolean, nullable=False),
    Column("created_at", UtcDateTime(6), nullable=False),
    **OWN_KEYED,
)

# What whoever changes a ticket writes, where other nodes of a cluster take writes too.
ticket_writes = Table(
    "savctl_ticket_writes",
    metadata,
    Column("ticket_id", BigId, primary_key=True, autoincrement=False),
    Column("writes", BigId, nullable=False),
    Column("written_at", UtcDateTime(6), nullable=False),
    **OWN_KEYED,
)

# The commands that the user of a token started within the last minute: a JSON list of
# microseconds since 1970, on the database's clock.
rate_limits = Table(
    "savctl_rate_limits",
    metadata,
    Column("user_id", BigId, primary_key=True, autoincrement=False),
    Column("used", LongText, nullable=False),
    Column("last_at", UtcDateTime(6), nullable=False),
    **OWN_KEYED,
)

# A ticket whose entries in the service's cache are to be removed; only where that is configured.
cache_removals = Table(
    "savctl_cache_removals",
    metadata,
    Column("id", BigId, primary_key=True, autoincrement=True),
    Column("ticket_id", BigId, nullable=False),
    Column("queued_at", UtcDateTime(6), nullable=False),
    **OWN,
)

imports = Table(
    "savctl_imports",
    metadata,
    Column("source", String(64), primary_key=True),
    Column("external_id", String(191), primary_key=True),
    Column("ticket_id", BigId, nullable=False),
    Index("savctl_imports_ticket_id_index", "ticket_id"),
    **OWN_KEYED,
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
    **OWN_KEYED,
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
    **OWN_KEYED,
)

sla_policies = Table(
    "savctl_sla_policies",
    metadata,
    Column("version", Integer, primary_key=True, autoincrement=False),
    Column("starts_at", UtcDateTime(6), nullable=False),
    Column("body", LongText, nullable=False),
    **OWN_KEYED,
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
    **OWN,
)

vips = Table(
    "savctl_vips",
    metadata,
    Column("user_id", BigId, primary_key=True, autoincrement=False),
    Column("since", UtcDateTime(6), nullable=False),
    Column("actor", BigId),
    **OWN_KEYED,
)
