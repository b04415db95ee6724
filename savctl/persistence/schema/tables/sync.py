"""savctl's own tables for what other services send: inbox, newest state, dead messages."""

from __future__ import annotations

from sqlalchemy import Boolean, Column, Index, Integer, LargeBinary, String, Table
from sqlalchemy.dialects import mysql

from savctl.persistence.schema.tables.base import OWN, OWN_KEYED, metadata
from savctl.persistence.types import BigId, UtcDateTime

# A row for each message that was taken in: the same one again changes nothing. The key is a
# digest; `batch` names the transaction that brought it.
inbox = Table(
    "savctl_inbox",
    metadata,
    Column("message_key", String(64), primary_key=True),
    Column("batch", String(32), nullable=False),
    Column("queue", String(255), nullable=False),
    Column("received_at", UtcDateTime(6), nullable=False),
    Index("savctl_inbox_received_at_index", "received_at", "message_key"),
    **OWN_KEYED,
)

# The newest timestamp that counted, by user and by order; `subject` is the id, or its keyed hash
# after an erasure.
sync_state = Table(
    "savctl_sync_state",
    metadata,
    Column("kind", String(16), primary_key=True),
    Column("subject", String(80), primary_key=True),
    Column("as_of", UtcDateTime(6)),
    Column("is_deleted", Boolean, nullable=False, server_default="0"),
    Column("changed_at", UtcDateTime(6), nullable=False),
    Index("savctl_sync_state_deleted_index", "is_deleted", "changed_at"),
    **OWN_KEYED,
)

dead_messages = Table(
    "savctl_dead_messages",
    metadata,
    Column("id", BigId, primary_key=True, autoincrement=True),
    Column("queue", String(255), nullable=False),
    Column("event", String(255)),
    Column("message_id", String(255)),
    Column("reason", String(500), nullable=False),
    Column("received_at", UtcDateTime(6), nullable=False),
    Column("size", Integer, nullable=False),
    Column("body", LargeBinary().with_variant(mysql.MEDIUMBLOB(), "mysql", "mariadb")),
    **OWN,
)
