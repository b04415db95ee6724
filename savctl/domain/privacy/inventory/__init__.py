"""The inventory of personal data: every column, every known key, every place (rules 9.6).

A new column or key is classified here, or `tests/privacy/test_inventory.py` fails.
"""

from __future__ import annotations

from savctl.domain.privacy.inventory.entry import Entry, Export, Whose
from savctl.domain.privacy.inventory.keys import HISTORY, METADATA, PAYLOADS
from savctl.domain.privacy.inventory.outside import OUTSIDE
from savctl.domain.privacy.inventory.own import OWN
from savctl.domain.privacy.inventory.service import SERVICE

SECTIONS: tuple[tuple[str, tuple[Entry, ...]], ...] = (
    ("The service's tables", SERVICE),
    ("Keys of a ticket's metadata", (*METADATA, *HISTORY)),
    ("savctl's own tables", OWN),
    ("Keys of events in the outbox", PAYLOADS),
    ("Outside the database", OUTSIDE),
)
INVENTORY: tuple[Entry, ...] = tuple(entry for _, part in SECTIONS for entry in part)

# What of a ticket's metadata a customer gets only when internal notes are asked for as well.
INTERNAL_KEYS = frozenset(
    entry.place.partition(":")[2] for entry in METADATA if entry.export is Export.INTERNAL
)

__all__ = ["INTERNAL_KEYS", "INVENTORY", "SECTIONS", "Entry", "Export", "Whose"]
