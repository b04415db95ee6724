"""savctl's own table of writes to tickets: what keeps writers on different nodes apart."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from savctl.persistence.schema.migration_columns import OWN, big_id, micro
from savctl.persistence.schema.migration_guard import create_table

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Create what is not there yet."""
    create_table(
        "savctl_ticket_writes",
        sa.Column("ticket_id", big_id(), primary_key=True, autoincrement=False),
        sa.Column("writes", big_id(), nullable=False),
        sa.Column("written_at", micro(), nullable=False),
        **OWN,
    )


def downgrade() -> None:
    """Drop it; writers on different nodes of a cluster are then not kept apart."""
    op.drop_table("savctl_ticket_writes", if_exists=True)
