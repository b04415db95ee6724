"""savctl's own tables beside `ticket_attachments`: marks, uploads, and what is to be purged."""

from __future__ import annotations

from sqlalchemy import Column, Index, Integer, String, Table, UniqueConstraint

from savctl.persistence.schema.tables.base import OWN, OWN_KEYED, metadata
from savctl.persistence.types import BigId, UtcDateTime

# What savctl knows of a record beyond the service's columns; a record without a row is as the
# service made it. `deleted_at` is the soft-delete mark (rules 7.3).
files = Table(
    "savctl_files",
    metadata,
    Column("attachment_id", BigId, primary_key=True, autoincrement=False),
    Column("ticket_id", BigId, nullable=False),
    Column("sha256", String(64)),
    Column("deleted_at", UtcDateTime(6)),
    Column("deleted_by", BigId),
    Column("reason", String(255)),
    Index("savctl_files_deleted_at_index", "deleted_at", "attachment_id"),
    Index("savctl_files_ticket_id_index", "ticket_id"),
    **OWN_KEYED,
)

# Uploads under way, each announced before its object is there and forgotten with its record: the
# key of one is not removed by anybody. `upload_id` is that of an upload in parts, which stands
# under `temp_key`; older stores list those only by their exact key.
uploads = Table(
    "savctl_uploads",
    metadata,
    Column("id", String(36), primary_key=True),
    Column("key_digest", String(64)),
    Column("object_key", String(1024)),
    Column("temp_key", String(1024)),
    Column("upload_id", String(1024)),
    Column("ticket_id", BigId),
    Column("actor", BigId),
    Column("started_at", UtcDateTime(6), nullable=False),
    Index("savctl_uploads_started_at_index", "started_at"),
    Index("savctl_uploads_key_digest_index", "key_digest"),
    **OWN_KEYED,
)

# Objects that are to go for good: the database commits the intent, attachment-purge carries it
# out. A key is compared by the digest of its bytes, which no collation can confuse. From
# `claimed_at` on the object is being removed, and no upload may take its key.
purges = Table(
    "savctl_purges",
    metadata,
    Column("id", BigId, primary_key=True, autoincrement=True),
    Column("key_digest", String(64), nullable=False),
    Column("object_key", String(1024), nullable=False),
    Column("reason", String(32), nullable=False),
    Column("ticket_id", BigId),
    Column("size_bytes", BigId),
    Column("due_at", UtcDateTime(6), nullable=False),
    Column("hidden_at", UtcDateTime(6)),
    Column("attempts", Integer, nullable=False, server_default="0"),
    Column("last_error", String(500)),
    Column("run_id", BigId),
    Column("claimed_at", UtcDateTime(6)),
    Column("created_at", UtcDateTime(6), nullable=False),
    UniqueConstraint("key_digest", name="savctl_purges_key_digest_unique"),
    Index("savctl_purges_due_at_index", "due_at", "id"),
    **OWN,
)
