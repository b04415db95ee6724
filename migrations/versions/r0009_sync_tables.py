"""savctl's own tables for messages of other services: inbox, newest state, dead messages."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import mysql

from savctl.persistence.schema.migration_columns import NUMBERED, OWN, big_id, micro
from savctl.persistence.schema.migration_guard import create_table

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Create what is not there yet."""
    create_table(
        "savctl_inbox",
        sa.Column("message_key", sa.String(64), primary_key=True),
        sa.Column("batch", sa.String(32), nullable=False),
        sa.Column("queue", sa.String(255), nullable=False),
        sa.Column("received_at", micro(), nullable=False),
        indexes={"savctl_inbox_received_at_index": ("received_at", "message_key")},
        **OWN,
    )
    create_table(
        "savctl_sync_state",
        sa.Column("kind", sa.String(16), primary_key=True),
        sa.Column("subject", sa.String(80), primary_key=True),
        sa.Column("as_of", micro()),
        sa.Column("is_deleted", sa.Boolean(), nullable=False, server_default="0"),
        sa.Column("changed_at", micro(), nullable=False),
        indexes={"savctl_sync_state_deleted_index": ("is_deleted", "changed_at")},
        **OWN,
    )
    create_table(
        "savctl_dead_messages",
        sa.Column("id", big_id(), primary_key=True, autoincrement=True),
        sa.Column("queue", sa.String(255), nullable=False),
        sa.Column("event", sa.String(255)),
        sa.Column("message_id", sa.String(255)),
        sa.Column("reason", sa.String(500), nullable=False),
        sa.Column("received_at", micro(), nullable=False),
        sa.Column("size", sa.Integer(), nullable=False),
        sa.Column("body", sa.LargeBinary().with_variant(mysql.MEDIUMBLOB(), "mysql", "mariadb")),
        **OWN,
        **NUMBERED,
    )


def downgrade() -> None:
    """Drop them; messages that are sent again after the next upgrade count as new."""
    for table in ("savctl_dead_messages", "savctl_sync_state", "savctl_inbox"):
        op.drop_table(table, if_exists=True)
