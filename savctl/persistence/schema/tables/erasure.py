"""savctl's own tables for erasures: requests, work lists, certificates, suppressions.

`person` is a keyed pseudonym. The user id itself stands here only while it is needed: until an
erasure is done, or its request is cancelled.
"""

from __future__ import annotations

from sqlalchemy import Boolean, Column, Index, Integer, String, Table, Text

from savctl.persistence.schema.tables.base import OWN_KEYED, metadata
from savctl.persistence.types import BigId, LongText, UtcDateTime

erasures = Table(
    "savctl_erasures",
    metadata,
    Column("id", String(40), primary_key=True),
    Column("person", String(64), nullable=False),
    Column("key_id", String(64), nullable=False),
    Column("user_id", BigId),
    Column("state", String(16), nullable=False),
    Column("source", String(32), nullable=False),
    Column("mode", String(16)),
    Column("except_held", Boolean, nullable=False, server_default="0"),
    Column("reason", Text),
    Column("actor", BigId),
    Column("requested_at", UtcDateTime(6), nullable=False),
    Column("due_at", UtcDateTime(6), nullable=False),
    Column("confirmed_at", UtcDateTime(6)),
    Column("started_at", UtcDateTime(6)),
    Column("finished_at", UtcDateTime(6)),
    Column("rounds", Integer, nullable=False, server_default="0"),
    Column("bundles", LongText),
    Column("certificate", LongText),
    Column("mac", String(64)),
    Index("savctl_erasures_person_index", "person"),
    Index("savctl_erasures_state_index", "state", "due_at"),
    **OWN_KEYED,
)

# The work list: a row a place, written before anything is destroyed.
erasure_places = Table(
    "savctl_erasure_places",
    metadata,
    Column("erasure_id", String(40), primary_key=True),
    Column("place", String(64), primary_key=True),
    Column("state", String(16), nullable=False),
    Column("found", BigId, nullable=False),
    Column("removed", BigId, nullable=False),
    **OWN_KEYED,
)

# Tickets that are gone or anonymised already, written in the transaction in which they went:
# by them the places behind are searched. Emptied when the erasure is done.
erasure_tickets = Table(
    "savctl_erasure_tickets",
    metadata,
    Column("erasure_id", String(40), primary_key=True),
    Column("ticket_id", BigId, primary_key=True, autoincrement=False),
    Column("outcome", String(16), nullable=False),
    Column("merged_into", BigId),
    **OWN_KEYED,
)

suppressions = Table(
    "savctl_suppressions",
    metadata,
    Column("person", String(64), primary_key=True),
    Column("key_id", String(64), nullable=False),
    Column("erasure_id", String(40), nullable=False),
    Column("since", UtcDateTime(6), nullable=False),
    **OWN_KEYED,
)
