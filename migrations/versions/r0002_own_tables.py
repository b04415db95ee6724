"""savctl's own tables: runs, audit, outbox, kept answers, imports.

`savctl_meta` and `savctl_leases` are not here: they are made before the first revision runs,
because the upgrade itself is guarded by a lease.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from savctl.persistence.schema.migration_columns import NUMBERED, OWN, big_id, long_text, micro
from savctl.persistence.schema.migration_guard import create_table

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def _counter(name: str, start: str = "0") -> sa.Column[int]:
    return sa.Column(name, sa.Integer(), nullable=False, server_default=start)


def upgrade() -> None:
    """Create what is not there yet."""
    create_table(
        "savctl_runs",
        sa.Column("id", big_id(), primary_key=True, autoincrement=True),
        sa.Column("job", sa.String(64), nullable=False),
        sa.Column("scheduled_for", micro()),
        sa.Column("started_by", sa.String(16), nullable=False),
        sa.Column("status", sa.String(16), nullable=False),
        _counter("attempt", "1"),
        sa.Column("host", sa.String(255), nullable=False),
        sa.Column("token", big_id(), nullable=False),
        sa.Column("started_at", micro(), nullable=False),
        sa.Column("finished_at", micro()),
        _counter("seen"),
        _counter("changed"),
        _counter("skipped"),
        _counter("failed"),
        _counter("left_over"),
        sa.Column("report", long_text()),
        sa.Column("error", sa.Text()),
        sa.UniqueConstraint("job", "scheduled_for", name="savctl_runs_slot_unique"),
        indexes={"savctl_runs_job_id_index": ("job", "id")},
        **OWN,
        **NUMBERED,
    )
    create_table(
        "savctl_audit",
        sa.Column("id", big_id(), primary_key=True, autoincrement=True),
        sa.Column("at", micro(), nullable=False),
        sa.Column("actor", big_id()),
        sa.Column("action", sa.String(32), nullable=False),
        sa.Column("ticket_id", big_id()),
        sa.Column("run_id", big_id()),
        sa.Column("entry", long_text(), nullable=False),
        indexes={
            "savctl_audit_ticket_id_index": ("ticket_id", "id"),
            "savctl_audit_at_index": ("at",),
        },
        **OWN,
        **NUMBERED,
    )
    create_table(
        "savctl_outbox",
        sa.Column("id", big_id(), primary_key=True, autoincrement=True),
        sa.Column("event_id", sa.String(36), nullable=False),
        sa.Column("event", sa.String(64), nullable=False),
        sa.Column("routing_key", sa.String(255), nullable=False),
        sa.Column("ticket_id", big_id(), nullable=False),
        sa.Column("envelope", long_text(), nullable=False),
        sa.Column("occurred_at", micro(), nullable=False),
        sa.Column("published_at", micro()),
        _counter("attempts"),
        sa.Column("available_at", micro()),
        sa.Column("dead_at", micro()),
        sa.Column("skipped_at", micro()),
        sa.Column("last_error", sa.String(500)),
        sa.UniqueConstraint("event_id", name="savctl_outbox_event_id_unique"),
        indexes={
            "savctl_outbox_waiting_index": ("published_at", "dead_at", "id"),
            "savctl_outbox_ticket_id_index": ("ticket_id", "id"),
        },
        **OWN,
        **NUMBERED,
    )
    create_table(
        "savctl_idempotency",
        sa.Column("key", sa.String(255), primary_key=True),
        sa.Column("command", sa.String(64), nullable=False),
        sa.Column("input_digest", sa.String(64), nullable=False),
        sa.Column("answer", long_text(), nullable=False),
        sa.Column("created_at", micro(), nullable=False),
        **OWN,
    )
    create_table(
        "savctl_imports",
        sa.Column("source", sa.String(64), primary_key=True),
        sa.Column("external_id", sa.String(191), primary_key=True),
        sa.Column("ticket_id", big_id(), nullable=False),
        indexes={"savctl_imports_ticket_id_index": ("ticket_id",)},
        **OWN,
    )


def downgrade() -> None:
    """Drop them; the events and the audit go with them."""
    for table in (
        "savctl_imports",
        "savctl_idempotency",
        "savctl_outbox",
        "savctl_audit",
        "savctl_runs",
    ):
        op.drop_table(table, if_exists=True)
