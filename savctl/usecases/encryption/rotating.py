"""`keys rotate`: every value to the current key, and what is plain encrypted (rules 13.5).

A batch is one transaction under the locks of its rows; what was done is found done by the next
run, so a killed one is run again. Others may write meanwhile.
"""

from __future__ import annotations

from collections.abc import Sequence

from savctl.domain.encryption.codec import MetadataCodec
from savctl.domain.encryption.opened import ClosedValue
from savctl.domain.encryption.places import encrypted_places, path_of
from savctl.domain.encryption.values import PREFIX, prefix_of
from savctl.domain.model.metadata import Metadata
from savctl.persistence.bulk import update_metadata
from savctl.persistence.engine import Database
from savctl.persistence.schema.residue import overwrite_residue
from savctl.persistence.tickets.metadata_pages import (
    MaybeWanted,
    MetadataWanted,
    StoredMetadata,
    lock_metadata,
    read,
)
from savctl.persistence.unit_of_work import UnitOfWork
from savctl.ports import Clock
from savctl.usecases.batch.batches import BatchContext, in_batches
from savctl.usecases.batch.report import Item, ItemOutcome

_ACTION = "keys_rotate"


def rotate_keys(database: Database, clock: Clock, *, by: int | None, terms: BatchContext) -> bool:
    """Encrypt everything with the current key; False when old pages could not be overwritten.

    Raises:
        KeysUnusable: there are no keys; nothing was done.
        Unavailable: the database went away; what was done stays.
    """
    codec = database.codec
    keys = codec.keys()

    def work(uow: UnitOfWork, ids: Sequence[int]) -> list[Item]:
        changed: list[tuple[int, Metadata]] = []
        items: list[Item] = []
        for row in lock_metadata(uow.connection, ids):
            opened = codec.rotated(row.id, row.metadata, keys=keys)
            is_changed = opened.metadata is not row.metadata
            if is_changed:
                changed.append((row.id, opened.metadata))
            if is_changed or opened.unreadable:
                items.append(_item(row, opened.unreadable))
        if changed:
            update_metadata(uow.connection, changed)
            details = {"key": keys.current, "tickets": len(changed), "first": ids[0]}
            uow.audit.note(_ACTION, actor=by, at=clock(), details=details)
        return items

    pages = MetadataWanted(
        PREFIX, prefix_of(keys.current), lambda row: _is_plain_or_closed(codec, row)
    )
    in_batches(database, pages, work, terms=terms)
    return terms.dry_run or overwrite_residue(database)


def _is_plain_or_closed(codec: MetadataCodec, row: MaybeWanted) -> bool:
    """Whether a value is plain, or does not open and has to be named."""
    metadata = read(row.text, errors="replace")
    return codec.count_plain(metadata) > 0 or not all(
        codec.opens(row.id, path_of(place), value) for place, value in encrypted_places(metadata)
    )


def _item(row: StoredMetadata, unreadable: Sequence[ClosedValue]) -> Item:
    """One with a value that does not open has failed, whatever was done."""
    if unreadable:
        why = "; ".join(f"metadata.{one.path}: {one.why}" for one in unreadable)
        return Item(row.id, row.ticket_number, ItemOutcome.FAILED, why)
    return Item(row.id, row.ticket_number, ItemOutcome.CHANGED)
