"""savctl's own tables for metrics: totals that only grow, figures that jobs count."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from savctl.persistence.schema.migration_columns import OWN, big_id, long_text, micro
from savctl.persistence.schema.migration_guard import create_table

revision = "0014"
down_revision = "0013"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Create what is not there yet; totals begin at 0."""
    create_table(
        "savctl_totals",
        sa.Column("name", sa.String(64), primary_key=True),
        sa.Column("labels", sa.String(255), primary_key=True),
        sa.Column("part", sa.Integer(), primary_key=True, autoincrement=False),
        sa.Column("value", big_id(), nullable=False),
        **OWN,
    )
    create_table(
        "savctl_figures",
        sa.Column("name", sa.String(64), primary_key=True),
        sa.Column("made_at", micro(), nullable=False),
        sa.Column("took_ms", sa.Integer(), nullable=False),
        sa.Column("body", long_text(), nullable=False),
        **OWN,
    )


def downgrade() -> None:
    """Drop them; after the next upgrade totals begin at 0 again, as after a restart."""
    for name in ("figures", "totals"):
        op.drop_table(f"savctl_{name}", if_exists=True)
