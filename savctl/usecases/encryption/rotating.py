"""`keys rotate`: every value to the current key, and what is plain encrypted (rules 13.5).

A batch is one transaction under the locks of its rows; what was done is found done by the next
run, so a killed one is run again. Others may write meanwhile.
"""

from __future__ import annotations

from collections.abc import Sequence

from savctl.domain.encryption.codec import MetadataCodec
from savctl.domain.encryption.keys import KeyRing
from savctl.domain.encryption.opened import ClosedValue
from savctl.domain.encryption.places import encrypted_places
from savctl.domain.encryption.values import key_of
from savctl.domain.model.ticket import Ticket
from savctl.persistence.engine import Database
from savctl.persistence.schema.residue import overwrite_residue
from savctl.persistence.tickets.metadata_pages import MetadataWanted, StoredMetadata
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
        changes: list[tuple[Ticket, Ticket]] = []
        items: list[Item] = []
        for ticket in uow.tickets.lock_many(ids):
            opened = codec.rotated(ticket.id, ticket.metadata)
            if opened.metadata is not ticket.metadata:
                changes.append((ticket, ticket.changed(metadata=opened.metadata)))
            items += _items(ticket, opened.metadata is not ticket.metadata, opened.unreadable)
        uow.tickets.save_many(changes)
        if changes:
            details = {"key": keys.current, "tickets": len(changes), "first": ids[0]}
            uow.audit.note(_ACTION, actor=by, at=clock(), details=details)
        return items

    pages = MetadataWanted(lambda row: _needs_work(codec, keys, row))
    in_batches(database, pages, work, terms=terms)
    return terms.dry_run or overwrite_residue(database)


def _needs_work(codec: MetadataCodec, keys: KeyRing, row: StoredMetadata) -> bool:
    """Whether a value is plain, of another key, or does not open and has to be named."""
    if codec.count_plain(row.metadata):
        return True
    return any(
        key_of(value) != keys.current or not codec.opens(row.id, path, value)
        for path, value in (
            (".".join(map(str, place)), value) for place, value in encrypted_places(row.metadata)
        )
    )


def _items(ticket: Ticket, is_changed: bool, unreadable: Sequence[ClosedValue]) -> list[Item]:
    """One item a ticket; one with a value that does not open has failed, whatever was done."""
    if unreadable:
        why = "; ".join(f"metadata.{one.path}: {one.why}" for one in unreadable)
        return [Item(ticket.id, ticket.ticket_number, ItemOutcome.FAILED, why)]
    if is_changed:
        return [Item(ticket.id, ticket.ticket_number, ItemOutcome.CHANGED)]
    return []
