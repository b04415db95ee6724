"""savctl's own table of the tickets whose entries in the service's cache are to be removed."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from savctl.persistence.schema.migration_columns import NUMBERED, OWN, big_id, micro
from savctl.persistence.schema.migration_guard import create_table

revision = "0013"
down_revision = "0012"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Create what is not there yet."""
    create_table(
        "savctl_cache_removals",
        sa.Column("id", big_id(), primary_key=True, autoincrement=True),
        sa.Column("ticket_id", big_id(), nullable=False),
        sa.Column("queued_at", micro(), nullable=False),
        **OWN,
        **NUMBERED,
    )


def downgrade() -> None:
    """Drop it; entries of tickets that changed shortly before stay until they run out."""
    op.drop_table("savctl_cache_removals", if_exists=True)
