"""savctl's own tables for the archive.

A ticket is either a row of `support_tickets` or a row of `savctl_archived_tickets`: both change
in one transaction. A copy that a bundle holds of a ticket that is not archived in it (it is on
its way there, was restored, or changed meanwhile) is in `savctl_archive_copies`, so that nobody's
words lie anywhere unknown.
"""

from __future__ import annotations

from sqlalchemy import Column, Index, Integer, String, Table, UniqueConstraint

from savctl.persistence.schema.tables.base import OWN, OWN_KEYED, metadata
from savctl.persistence.types import BigId, UtcDateTime

archive_bundles = Table(
    "savctl_archive_bundles",
    metadata,
    Column("id", BigId, primary_key=True, autoincrement=True),
    Column("object_key", String(255), nullable=False),
    Column("state", String(16), nullable=False),
    Column("replaces", BigId),
    Column("sha256", String(64)),
    Column("size_bytes", BigId, nullable=False, server_default="0"),
    Column("raw_bytes", BigId, nullable=False, server_default="0"),
    Column("tickets", Integer, nullable=False, server_default="0"),
    Column("messages", Integer, nullable=False, server_default="0"),
    Column("attachments", Integer, nullable=False, server_default="0"),
    Column("planned_at", UtcDateTime(6), nullable=False),
    Column("written_at", UtcDateTime(6)),
    Column("verified_at", UtcDateTime(6)),
    Column("done_at", UtcDateTime(6)),
    Column("run_id", BigId),
    UniqueConstraint("object_key", name="savctl_archive_bundles_object_key_unique"),
    Index("savctl_archive_bundles_state_index", "state", "id"),
    **OWN,
)

archived_tickets = Table(
    "savctl_archived_tickets",
    metadata,
    Column("ticket_id", BigId, primary_key=True, autoincrement=False),
    Column("ticket_number", String(255), nullable=False),
    # in lower case: the service's numbers are equal whatever their case
    Column("number_key", String(255), nullable=False),
    Column("user_id", BigId, nullable=False),
    Column("order_id", BigId),
    Column("closed_at", UtcDateTime(6), nullable=False),
    Column("archived_at", UtcDateTime(6), nullable=False),
    Column("bundle_id", BigId, nullable=False),
    Column("line_sha256", String(64), nullable=False),
    Column("messages", Integer, nullable=False),
    Column("attachments", Integer, nullable=False),
    UniqueConstraint("number_key", name="savctl_archived_tickets_number_key_unique"),
    Index("savctl_archived_tickets_user_id_index", "user_id", "ticket_id"),
    Index("savctl_archived_tickets_closed_at_index", "closed_at", "ticket_id"),
    Index("savctl_archived_tickets_bundle_id_index", "bundle_id", "ticket_id"),
    **OWN_KEYED,
)

archive_copies = Table(
    "savctl_archive_copies",
    metadata,
    Column("bundle_id", BigId, primary_key=True, autoincrement=False),
    Column("ticket_id", BigId, primary_key=True, autoincrement=False),
    Column("user_id", BigId, nullable=False),
    Index("savctl_archive_copies_user_id_index", "user_id"),
    **OWN_KEYED,
)

archived_files = Table(
    "savctl_archived_files",
    metadata,
    Column("attachment_id", BigId, primary_key=True, autoincrement=False),
    Column("ticket_id", BigId, nullable=False),
    Column("object_key", String(255), nullable=False),
    Column("size_bytes", BigId, nullable=False),
    Index("savctl_archived_files_ticket_id_index", "ticket_id"),
    **OWN_KEYED,
)
