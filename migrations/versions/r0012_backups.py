"""savctl's own table of backups."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from savctl.persistence.schema.migration_columns import OWN, big_id, long_text, micro
from savctl.persistence.schema.migration_guard import create_table

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Create what is not there yet."""
    create_table(
        "savctl_backups",
        sa.Column("id", sa.String(40), primary_key=True),
        sa.Column("kind", sa.String(16), nullable=False),
        sa.Column("state", sa.String(16), nullable=False),
        sa.Column("made_at", micro(), nullable=False),
        sa.Column("verified_at", micro()),
        sa.Column("bytes", big_id(), nullable=False),
        sa.Column("place", sa.String(512), nullable=False),
        sa.Column("details", long_text()),
        indexes={"savctl_backups_kind_index": ("kind", "made_at")},
        **OWN,
    )


def downgrade() -> None:
    """Drop it: the backups themselves and their manifests stay in their place."""
    op.drop_table("savctl_backups", if_exists=True)
