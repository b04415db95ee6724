"""savctl's own table of backups: what was made, what was proven, how large it is.

The place of the backups is what counts, because a database may be lost; this is the copy that
metrics, `doctor` and certificates read without asking the place.
"""

from __future__ import annotations

from sqlalchemy import Column, Index, String, Table

from savctl.persistence.schema.tables.base import OWN_KEYED, metadata
from savctl.persistence.types import BigId, LongText, UtcDateTime

backups = Table(
    "savctl_backups",
    metadata,
    Column("id", String(40), primary_key=True),
    Column("kind", String(16), nullable=False),
    Column("state", String(16), nullable=False),
    Column("made_at", UtcDateTime(6), nullable=False),
    Column("verified_at", UtcDateTime(6)),
    Column("bytes", BigId, nullable=False),
    Column("place", String(512), nullable=False),
    Column("details", LongText),
    Index("savctl_backups_kind_index", "kind", "made_at"),
    **OWN_KEYED,
)
