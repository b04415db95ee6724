"""The service's seven tables as it declares them.

The indexes named `savctl_` are ours, for lists and reports; adopted tables may lack them.
"""

from __future__ import annotations

from sqlalchemy import (
    Boolean,
    Column,
    ForeignKey,
    Index,
    Integer,
    String,
    Table,
    Text,
    UniqueConstraint,
)

from savctl.domain.model.priority import Priority
from savctl.domain.model.states import Status
from savctl.persistence.schema.tables.base import (
    SERVICE,
    SERVICE_KEYED,
    UnsignedInt,
    Words,
    choice,
    metadata,
)
from savctl.persistence.types import BigId, MetadataType, UtcDateTime

support_tickets = Table(
    "support_tickets",
    metadata,
    Column("id", BigId, primary_key=True, autoincrement=True),
    Column("ticket_number", Words, nullable=False),
    Column("user_id", BigId, nullable=False),
    Column("subject", String(255), nullable=False),
    Column("description", Text, nullable=False),
    Column(
        "priority",
        choice(*Priority, name="support_tickets_priority_check"),
        nullable=False,
        server_default="medium",
    ),
    Column(
        "status",
        choice(*Status, name="support_tickets_status_check"),
        nullable=False,
        server_default="open",
    ),
    Column("category", Words),
    Column("assigned_to", BigId),
    Column("order_id", BigId),
    Column("metadata", MetadataType),
    Column("resolved_at", UtcDateTime),
    Column("closed_at", UtcDateTime),
    Column("created_at", UtcDateTime, nullable=False),
    Column("updated_at", UtcDateTime, nullable=False),
    UniqueConstraint("ticket_number", name="support_tickets_ticket_number_unique"),
    Index("support_tickets_user_id_index", "user_id"),
    Index("support_tickets_status_index", "status"),
    Index("support_tickets_priority_index", "priority"),
    Index("support_tickets_assigned_to_index", "assigned_to"),
    Index("support_tickets_order_id_index", "order_id"),
    Index("support_tickets_status_priority_index", "status", "priority"),
    Index("support_tickets_assigned_to_status_index", "assigned_to", "status"),
    Index("savctl_tickets_created_at_index", "created_at", "id"),
    Index("savctl_tickets_updated_at_index", "updated_at", "id"),
    Index("savctl_tickets_category_index", "category", "id"),
    Index("savctl_tickets_closed_at_index", "closed_at", "created_at"),
    **SERVICE,
)

ticket_messages = Table(
    "ticket_messages",
    metadata,
    Column("id", BigId, primary_key=True, autoincrement=True),
    Column(
        "ticket_id",
        BigId,
        ForeignKey(
            "support_tickets.id", name="ticket_messages_ticket_id_foreign", ondelete="CASCADE"
        ),
        nullable=False,
    ),
    Column("sender_id", BigId, nullable=False),
    Column(
        "sender_type",
        choice("customer", "agent", name="ticket_messages_sender_type_check"),
        nullable=False,
    ),
    Column("message", Text, nullable=False),
    Column("is_internal", Boolean, nullable=False, server_default="0"),
    Column("read_at", UtcDateTime),
    Column("created_at", UtcDateTime, nullable=False),
    Column("updated_at", UtcDateTime, nullable=False),
    Index("ticket_messages_ticket_id_index", "ticket_id"),
    Index("ticket_messages_sender_id_index", "sender_id"),
    Index("ticket_messages_ticket_id_created_at_index", "ticket_id", "created_at"),
    Index("savctl_messages_sender_type_created_at_index", "sender_type", "created_at"),
    **SERVICE,
)

ticket_attachments = Table(
    "ticket_attachments",
    metadata,
    Column("id", BigId, primary_key=True, autoincrement=True),
    Column(
        "ticket_id",
        BigId,
        ForeignKey(
            "support_tickets.id", name="ticket_attachments_ticket_id_foreign", ondelete="CASCADE"
        ),
        nullable=False,
    ),
    Column(
        "message_id",
        BigId,
        ForeignKey(
            "ticket_messages.id", name="ticket_attachments_message_id_foreign", ondelete="CASCADE"
        ),
    ),
    Column("original_name", String(255), nullable=False),
    Column("filename", String(255), nullable=False),
    Column("file_path", String(255), nullable=False),
    Column("mime_type", String(255), nullable=False),
    Column("file_size", UnsignedInt, nullable=False),
    Column("created_at", UtcDateTime, nullable=False),
    Column("updated_at", UtcDateTime, nullable=False),
    Index("ticket_attachments_ticket_id_index", "ticket_id"),
    Index("ticket_attachments_message_id_index", "message_id"),
    Index("ticket_attachments_ticket_id_message_id_index", "ticket_id", "message_id"),
    **SERVICE,
)

users = Table(
    "users",
    metadata,
    Column("id", BigId, primary_key=True, autoincrement=True),
    Column("email", String(255), nullable=False),
    Column("firstname", String(255), nullable=False),
    Column("lastname", String(255), nullable=False),
    **SERVICE,
)

jobs = Table(
    "jobs",
    metadata,
    Column("id", BigId, primary_key=True, autoincrement=True),
    Column("queue", String(255), nullable=False),
    Column("payload", Text, nullable=False),
    Column("attempts", Integer, nullable=False),
    Column("reserved_at", Integer),
    Column("available_at", Integer, nullable=False),
    Column("created_at", Integer, nullable=False),
    Index("jobs_queue_index", "queue"),
    **SERVICE,
)

cache = Table(
    "cache",
    metadata,
    Column("key", String(255), primary_key=True),
    Column("value", Text, nullable=False),
    Column("expiration", Integer, nullable=False),
    **SERVICE_KEYED,
)

cache_locks = Table(
    "cache_locks",
    metadata,
    Column("key", String(255), primary_key=True),
    Column("owner", String(255), nullable=False),
    Column("expiration", Integer, nullable=False),
    **SERVICE_KEYED,
)

SERVICE_TABLES: tuple[Table, ...] = (
    support_tickets,
    ticket_messages,
    ticket_attachments,
    users,
    jobs,
    cache,
    cache_locks,
)
