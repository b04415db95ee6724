"""savctl's own tables for attachments: marks, uploads under way, objects to be purged."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from savctl.persistence.schema.migration_columns import NUMBERED, OWN, big_id, micro
from savctl.persistence.schema.migration_guard import create_table

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Create what is not there yet."""
    create_table(
        "savctl_files",
        sa.Column("attachment_id", big_id(), primary_key=True, autoincrement=False),
        sa.Column("ticket_id", big_id(), nullable=False),
        sa.Column("sha256", sa.String(64)),
        sa.Column("deleted_at", micro()),
        sa.Column("deleted_by", big_id()),
        sa.Column("reason", sa.String(255)),
        indexes={
            "savctl_files_deleted_at_index": ("deleted_at", "attachment_id"),
            "savctl_files_ticket_id_index": ("ticket_id",),
        },
        **OWN,
    )
    create_table(
        "savctl_uploads",
        sa.Column("id", sa.String(36), primary_key=True),
        sa.Column("key_digest", sa.String(64)),
        sa.Column("object_key", sa.String(1024)),
        sa.Column("temp_key", sa.String(1024)),
        sa.Column("upload_id", sa.String(1024)),
        sa.Column("ticket_id", big_id()),
        sa.Column("actor", big_id()),
        sa.Column("started_at", micro(), nullable=False),
        indexes={
            "savctl_uploads_started_at_index": ("started_at",),
            "savctl_uploads_key_digest_index": ("key_digest",),
        },
        **OWN,
    )
    create_table(
        "savctl_purges",
        sa.Column("id", big_id(), primary_key=True, autoincrement=True),
        sa.Column("key_digest", sa.String(64), nullable=False),
        sa.Column("object_key", sa.String(1024), nullable=False),
        sa.Column("reason", sa.String(32), nullable=False),
        sa.Column("ticket_id", big_id()),
        sa.Column("size_bytes", big_id()),
        sa.Column("due_at", micro(), nullable=False),
        sa.Column("hidden_at", micro()),
        sa.Column("attempts", sa.Integer(), nullable=False, server_default="0"),
        sa.Column("last_error", sa.String(500)),
        sa.Column("run_id", big_id()),
        sa.Column("claimed_at", micro()),
        sa.Column("created_at", micro(), nullable=False),
        sa.UniqueConstraint("key_digest", name="savctl_purges_key_digest_unique"),
        indexes={"savctl_purges_due_at_index": ("due_at", "id")},
        **OWN,
        **NUMBERED,
    )


def downgrade() -> None:
    """Drop them; soft-deleted files are live again, and what was hidden stays hidden."""
    for table in ("savctl_purges", "savctl_uploads", "savctl_files"):
        op.drop_table(table, if_exists=True)
