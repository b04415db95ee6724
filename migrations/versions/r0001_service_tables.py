"""The service's seven tables, with the recommended composite indexes.

In an adopted database this revision does nothing: those tables are another program's.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import context, op

from savctl.persistence.schema.migration_columns import (
    JSON,
    NUMBERED,
    SERVICE,
    big_id,
    choice,
    stamp,
    unsigned_int,
    words,
)
from savctl.persistence.schema.migration_guard import create_table

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def _times() -> list[sa.Column[object]]:
    return [
        sa.Column("created_at", stamp(), nullable=False),
        sa.Column("updated_at", stamp(), nullable=False),
    ]


def upgrade() -> None:
    """Create what is not there yet, unless the tables are another program's."""
    if context.config.attributes.get("service_tables") == "adopted":
        return
    create_table(
        "support_tickets",
        sa.Column("id", big_id(), primary_key=True, autoincrement=True),
        sa.Column("ticket_number", words(), nullable=False),
        sa.Column("user_id", big_id(), nullable=False),
        sa.Column("subject", sa.String(255), nullable=False),
        sa.Column("description", sa.Text(), nullable=False),
        sa.Column(
            "priority",
            choice("support_tickets_priority_check", "low", "medium", "high", "urgent"),
            nullable=False,
            server_default="medium",
        ),
        sa.Column(
            "status",
            choice(
                "support_tickets_status_check",
                "open",
                "in_progress",
                "waiting_customer",
                "resolved",
                "closed",
            ),
            nullable=False,
            server_default="open",
        ),
        sa.Column("category", words()),
        sa.Column("assigned_to", big_id()),
        sa.Column("order_id", big_id()),
        sa.Column("metadata", JSON),
        sa.Column("resolved_at", stamp()),
        sa.Column("closed_at", stamp()),
        *_times(),
        sa.UniqueConstraint("ticket_number", name="support_tickets_ticket_number_unique"),
        indexes={
            "support_tickets_user_id_index": ("user_id",),
            "support_tickets_status_index": ("status",),
            "support_tickets_priority_index": ("priority",),
            "support_tickets_assigned_to_index": ("assigned_to",),
            "support_tickets_order_id_index": ("order_id",),
            "support_tickets_status_priority_index": ("status", "priority"),
            "support_tickets_assigned_to_status_index": ("assigned_to", "status"),
        },
        **SERVICE,
        **NUMBERED,
    )
    create_table(
        "ticket_messages",
        sa.Column("id", big_id(), primary_key=True, autoincrement=True),
        sa.Column(
            "ticket_id",
            big_id(),
            sa.ForeignKey(
                "support_tickets.id", name="ticket_messages_ticket_id_foreign", ondelete="CASCADE"
            ),
            nullable=False,
        ),
        sa.Column("sender_id", big_id(), nullable=False),
        sa.Column(
            "sender_type",
            choice("ticket_messages_sender_type_check", "customer", "agent"),
            nullable=False,
        ),
        sa.Column("message", sa.Text(), nullable=False),
        sa.Column("is_internal", sa.Boolean(), nullable=False, server_default="0"),
        sa.Column("read_at", stamp()),
        *_times(),
        indexes={
            "ticket_messages_ticket_id_index": ("ticket_id",),
            "ticket_messages_sender_id_index": ("sender_id",),
            "ticket_messages_ticket_id_created_at_index": ("ticket_id", "created_at"),
        },
        **SERVICE,
        **NUMBERED,
    )
    create_table(
        "ticket_attachments",
        sa.Column("id", big_id(), primary_key=True, autoincrement=True),
        sa.Column(
            "ticket_id",
            big_id(),
            sa.ForeignKey(
                "support_tickets.id",
                name="ticket_attachments_ticket_id_foreign",
                ondelete="CASCADE",
            ),
            nullable=False,
        ),
        sa.Column(
            "message_id",
            big_id(),
            sa.ForeignKey(
                "ticket_messages.id",
                name="ticket_attachments_message_id_foreign",
                ondelete="CASCADE",
            ),
        ),
        sa.Column("original_name", sa.String(255), nullable=False),
        sa.Column("filename", sa.String(255), nullable=False),
        sa.Column("file_path", sa.String(255), nullable=False),
        sa.Column("mime_type", sa.String(255), nullable=False),
        sa.Column("file_size", unsigned_int(), nullable=False),
        *_times(),
        indexes={
            "ticket_attachments_ticket_id_index": ("ticket_id",),
            "ticket_attachments_message_id_index": ("message_id",),
            "ticket_attachments_ticket_id_message_id_index": ("ticket_id", "message_id"),
        },
        **SERVICE,
        **NUMBERED,
    )
    _create_laravel_tables()


def _create_laravel_tables() -> None:
    create_table(
        "users",
        sa.Column("id", big_id(), primary_key=True, autoincrement=True),
        sa.Column("email", sa.String(255), nullable=False),
        sa.Column("firstname", sa.String(255), nullable=False),
        sa.Column("lastname", sa.String(255), nullable=False),
        **SERVICE,
        **NUMBERED,
    )
    create_table(
        "jobs",
        sa.Column("id", big_id(), primary_key=True, autoincrement=True),
        sa.Column("queue", sa.String(255), nullable=False),
        sa.Column("payload", sa.Text(), nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("reserved_at", sa.Integer()),
        sa.Column("available_at", sa.Integer(), nullable=False),
        sa.Column("created_at", sa.Integer(), nullable=False),
        indexes={"jobs_queue_index": ("queue",)},
        **SERVICE,
        **NUMBERED,
    )
    create_table(
        "cache",
        sa.Column("key", sa.String(255), primary_key=True),
        sa.Column("value", sa.Text(), nullable=False),
        sa.Column("expiration", sa.Integer(), nullable=False),
        **SERVICE,
    )
    create_table(
        "cache_locks",
        sa.Column("key", sa.String(255), primary_key=True),
        sa.Column("owner", sa.String(255), nullable=False),
        sa.Column("expiration", sa.Integer(), nullable=False),
        **SERVICE,
    )


def downgrade() -> None:
    """Drop the tables, unless another program made them: then they stay."""
    if context.config.attributes.get("service_tables") != "created":
        return
    for table in (
        "ticket_attachments",
        "ticket_messages",
        "support_tickets",
        "users",
        "jobs",
        "cache",
        "cache_locks",
    ):
        op.drop_table(table, if_exists=True)
