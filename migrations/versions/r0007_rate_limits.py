"""savctl's own table of the commands that token users started within the last minute."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from savctl.persistence.schema.migration_columns import OWN, big_id, long_text, micro
from savctl.persistence.schema.migration_guard import create_table

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Create what is not there yet."""
    create_table(
        "savctl_rate_limits",
        sa.Column("user_id", big_id(), primary_key=True, autoincrement=False),
        sa.Column("used", long_text(), nullable=False),
        sa.Column("last_at", micro(), nullable=False),
        **OWN,
    )


def downgrade() -> None:
    """Drop it; every user starts with an empty window after the next upgrade."""
    op.drop_table("savctl_rate_limits", if_exists=True)
