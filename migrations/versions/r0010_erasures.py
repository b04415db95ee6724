"""savctl's own tables of erasures: requests, work lists, certificates, suppressions."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from savctl.persistence.schema.migration_columns import OWN, big_id, long_text, micro
from savctl.persistence.schema.migration_guard import create_table

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Create what is not there yet."""
    create_table(
        "savctl_erasures",
        sa.Column("id", sa.String(40), primary_key=True),
        sa.Column("person", sa.String(64), nullable=False),
        sa.Column("key_id", sa.String(64), nullable=False),
        sa.Column("user_id", big_id()),
        sa.Column("state", sa.String(16), nullable=False),
        sa.Column("source", sa.String(32), nullable=False),
        sa.Column("mode", sa.String(16)),
        sa.Column("except_held", sa.Boolean(), nullable=False, server_default="0"),
        sa.Column("reason", sa.Text()),
        sa.Column("actor", big_id()),
        sa.Column("requested_at", micro(), nullable=False),
        sa.Column("due_at", micro(), nullable=False),
        sa.Column("confirmed_at", micro()),
        sa.Column("started_at", micro()),
        sa.Column("finished_at", micro()),
        sa.Column("rounds", sa.Integer(), nullable=False, server_default="0"),
        sa.Column("bundles", long_text()),
        sa.Column("certificate", long_text()),
        sa.Column("mac", sa.String(64)),
        indexes={
            "savctl_erasures_person_index": ("person",),
            "savctl_erasures_state_index": ("state", "due_at"),
        },
        **OWN,
    )
    create_table(
        "savctl_erasure_places",
        sa.Column("erasure_id", sa.String(40), primary_key=True),
        sa.Column("place", sa.String(64), primary_key=True),
        sa.Column("state", sa.String(16), nullable=False),
        sa.Column("found", big_id(), nullable=False),
        sa.Column("removed", big_id(), nullable=False),
        **OWN,
    )
    create_table(
        "savctl_erasure_tickets",
        sa.Column("erasure_id", sa.String(40), primary_key=True),
        sa.Column("ticket_id", big_id(), primary_key=True, autoincrement=False),
        sa.Column("outcome", sa.String(16), nullable=False),
        sa.Column("merged_into", big_id()),
        **OWN,
    )
    create_table(
        "savctl_suppressions",
        sa.Column("person", sa.String(64), primary_key=True),
        sa.Column("key_id", sa.String(64), nullable=False),
        sa.Column("erasure_id", sa.String(40), nullable=False),
        sa.Column("since", micro(), nullable=False),
        **OWN,
    )


def downgrade() -> None:
    """Drop them: certificates and suppressions are lost, export them before."""
    for name in ("suppressions", "erasure_tickets", "erasure_places", "erasures"):
        op.drop_table(f"savctl_{name}", if_exists=True)
