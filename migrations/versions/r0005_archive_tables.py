"""savctl's own tables for the archive: bundles, which ticket is in which, the files they name."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from savctl.persistence.schema.migration_columns import NUMBERED, OWN, big_id, micro
from savctl.persistence.schema.migration_guard import create_table

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Create what is not there yet."""
    create_table(
        "savctl_archive_bundles",
        sa.Column("id", big_id(), primary_key=True, autoincrement=True),
        sa.Column("object_key", sa.String(255), nullable=False),
        sa.Column("state", sa.String(16), nullable=False),
        sa.Column("replaces", big_id()),
        sa.Column("sha256", sa.String(64)),
        sa.Column("size_bytes", big_id(), nullable=False, server_default="0"),
        sa.Column("raw_bytes", big_id(), nullable=False, server_default="0"),
        sa.Column("tickets", sa.Integer(), nullable=False, server_default="0"),
        sa.Column("messages", sa.Integer(), nullable=False, server_default="0"),
        sa.Column("attachments", sa.Integer(), nullable=False, server_default="0"),
        sa.Column("planned_at", micro(), nullable=False),
        sa.Column("written_at", micro()),
        sa.Column("verified_at", micro()),
        sa.Column("done_at", micro()),
        sa.Column("run_id", big_id()),
        sa.UniqueConstraint("object_key", name="savctl_archive_bundles_object_key_unique"),
        indexes={"savctl_archive_bundles_state_index": ("state", "id")},
        **OWN,
        **NUMBERED,
    )
    create_table(
        "savctl_archived_tickets",
        sa.Column("ticket_id", big_id(), primary_key=True, autoincrement=False),
        sa.Column("ticket_number", sa.String(255), nullable=False),
        sa.Column("number_key", sa.String(255), nullable=False),
        sa.Column("user_id", big_id(), nullable=False),
        sa.Column("order_id", big_id()),
        sa.Column("closed_at", micro(), nullable=False),
        sa.Column("archived_at", micro(), nullable=False),
        sa.Column("bundle_id", big_id(), nullable=False),
        sa.Column("line_sha256", sa.String(64), nullable=False),
        sa.Column("messages", sa.Integer(), nullable=False),
        sa.Column("attachments", sa.Integer(), nullable=False),
        sa.UniqueConstraint("number_key", name="savctl_archived_tickets_number_key_unique"),
        indexes={
            "savctl_archived_tickets_user_id_index": ("user_id", "ticket_id"),
            "savctl_archived_tickets_closed_at_index": ("closed_at", "ticket_id"),
            "savctl_archived_tickets_bundle_id_index": ("bundle_id", "ticket_id"),
        },
        **OWN,
    )
    create_table(
        "savctl_archive_copies",
        sa.Column("bundle_id", big_id(), primary_key=True, autoincrement=False),
        sa.Column("ticket_id", big_id(), primary_key=True, autoincrement=False),
        sa.Column("user_id", big_id(), nullable=False),
        indexes={"savctl_archive_copies_user_id_index": ("user_id",)},
        **OWN,
    )
    create_table(
        "savctl_archived_files",
        sa.Column("attachment_id", big_id(), primary_key=True, autoincrement=False),
        sa.Column("ticket_id", big_id(), nullable=False),
        sa.Column("object_key", sa.String(255), nullable=False),
        sa.Column("size_bytes", big_id(), nullable=False),
        indexes={"savctl_archived_files_ticket_id_index": ("ticket_id",)},
        **OWN,
    )


def downgrade() -> None:
    """Drop them; what the bundles hold is found by reading them only."""
    for table in (
        "savctl_archived_files",
        "savctl_archive_copies",
        "savctl_archived_tickets",
        "savctl_archive_bundles",
    ):
        op.drop_table(table, if_exists=True)
