"""savctl's own table of commit tokens: was a transaction stored whose answer was lost?"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from savctl.persistence.schema.migration_columns import OWN, micro
from savctl.persistence.schema.migration_guard import create_table

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Create what is not there yet."""
    create_table(
        "savctl_commits",
        sa.Column("token", sa.String(32), primary_key=True),
        sa.Column("is_stored", sa.Boolean(), nullable=False),
        sa.Column("created_at", micro(), nullable=False),
        **OWN,
    )


def downgrade() -> None:
    """Drop it; a lost answer to COMMIT is then not looked up."""
    op.drop_table("savctl_commits", if_exists=True)
