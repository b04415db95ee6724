"""savctl's own tables for the SLA: alarms, ledger of breaches, policies, reports, VIPs."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from savctl.persistence.schema.migration_columns import NUMBERED, OWN, big_id, long_text, micro
from savctl.persistence.schema.migration_guard import create_table

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Create what is not there yet."""
    create_table(
        "savctl_sla_alarms",
        sa.Column("ticket_id", big_id(), primary_key=True, autoincrement=False),
        sa.Column("looks_at", micro()),
        sa.Column("row_updated_at", micro()),
        indexes={"savctl_sla_alarms_looks_at_index": ("looks_at", "ticket_id")},
        **OWN,
    )
    create_table(
        "savctl_sla_breaches",
        sa.Column("ticket_id", big_id(), primary_key=True, autoincrement=False),
        sa.Column("side", sa.String(16), primary_key=True),
        sa.Column("at", micro(), nullable=False),
        sa.Column("found_at", micro(), nullable=False),
        sa.Column("priority", sa.String(16), nullable=False),
        sa.Column("expected_minutes", sa.Integer(), nullable=False),
        sa.Column("actual_minutes", sa.Integer(), nullable=False),
        sa.Column("raised_to", sa.String(16)),
        sa.Column("run_id", big_id()),
        indexes={"savctl_sla_breaches_at_index": ("at", "ticket_id")},
        **OWN,
    )
    create_table(
        "savctl_sla_policies",
        sa.Column("version", sa.Integer(), primary_key=True, autoincrement=False),
        sa.Column("starts_at", micro(), nullable=False),
        sa.Column("body", long_text(), nullable=False),
        **OWN,
    )
    create_table(
        "savctl_reports",
        sa.Column("id", big_id(), primary_key=True, autoincrement=True),
        sa.Column("kind", sa.String(64), nullable=False),
        sa.Column("made_at", micro(), nullable=False),
        sa.Column("run_id", big_id()),
        sa.Column("body", long_text(), nullable=False),
        indexes={"savctl_reports_kind_index": ("kind", "id")},
        **OWN,
        **NUMBERED,
    )
    create_table(
        "savctl_vips",
        sa.Column("user_id", big_id(), primary_key=True, autoincrement=False),
        sa.Column("since", micro(), nullable=False),
        sa.Column("actor", big_id()),
        **OWN,
    )


def downgrade() -> None:
    """Drop them; policies and the ledger of breaches go with them."""
    for table in (
        "savctl_vips",
        "savctl_reports",
        "savctl_sla_policies",
        "savctl_sla_breaches",
        "savctl_sla_alarms",
    ):
        op.drop_table(table, if_exists=True)
