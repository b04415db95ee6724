"""Tickets with three encrypted values each, and whether all of them are still there."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from pathlib import Path

from benchmarks.framework.load import fill, migrate
from benchmarks.framework.shop import Shop
from savctl.adapters.keys import KeysFile
from savctl.domain.encryption.codec import MetadataCodec
from savctl.domain.model.metadata import Metadata
from savctl.persistence.bulk import update_metadata
from savctl.persistence.engine import Database
from savctl.persistence.tickets.metadata_pages import metadata_of_all

WORD = "Zaphod"  # in each planted value, and nowhere else
_PAGE = 1_000


def values_of(ticket_id: int) -> dict[str, object]:
    """What is encrypted in a ticket."""
    return {
        "contact": {"name": f"{WORD} {ticket_id}", "city": "Lyon"},
        "phone": f"+33 {WORD} {ticket_id}",
        "email": f"{WORD}.{ticket_id}@example.org",
    }


def plant(url: str, tickets: int, keys: Path, *, plain_every: int = 0) -> None:
    """A shop with such values in each ticket, every so many of them not encrypted yet."""
    migrate(url)
    fill(url, Shop(tickets, only="in_progress", talks=False))
    database = Database(url)
    codec = MetadataCodec(keys=KeysFile(keys).keys)
    rows: list[tuple[int, Metadata]] = []
    for stored in metadata_of_all(database):
        metadata = stored.metadata.with_members(**values_of(stored.id))
        if not plain_every or stored.id % plain_every:
            metadata = codec.encrypted(stored.id, metadata)
        rows.append((stored.id, metadata))
        if len(rows) == _PAGE:
            _write(database, rows)
            rows = []
    _write(database, rows)
    database.close()


def _write(database: Database, rows: list[tuple[int, Metadata]]) -> None:
    database.transaction(lambda connection: update_metadata(connection, rows))


def lost_or_plain(url: str, keys: Path, edited: Mapping[int, str]) -> Iterator[str]:
    """What is wrong after a rotation: a value that is gone, plain or of an old key.

    `edited` are e-mail addresses that were written meanwhile, by ticket.
    """
    database = Database(url)
    ring = KeysFile(keys).keys()
    codec = MetadataCodec(keys=lambda: ring)
    old = re.compile(rf"savctl:enc:1:(?!{re.escape(ring.current)}:)")
    for stored in metadata_of_all(database):
        text = str(stored.metadata.text())
        opened = codec.decrypted(stored.id, Metadata.read(text))
        wanted = values_of(stored.id)
        if stored.id in edited:
            wanted["email"] = edited[stored.id]
        if WORD in text:
            yield f"ticket {stored.id} has a plain value"
        if old.search(text):
            yield f"ticket {stored.id} has a value of an old key"
        if opened.unreadable or not dict(opened.metadata).items() >= wanted.items():
            yield f"ticket {stored.id} lost a value"
    database.close()
