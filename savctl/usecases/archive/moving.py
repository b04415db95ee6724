"""The one transaction in which tickets leave the database: locked, compared, deleted, entered."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from savctl.domain.model.metadata import Metadata
from savctl.domain.model.states import Status
from savctl.domain.tickets.legal_hold import has_hold
from savctl.persistence.archive import bundles, index
from savctl.persistence.archive.bundles import Bundle
from savctl.persistence.archive.inbound_references import Reference
from savctl.persistence.archive.row_digests import locked_digests
from savctl.persistence.archive.snapshot_columns import columns_of
from savctl.persistence.archive.ticket_snapshot import TicketSnapshot, delete_whole, read_whole
from savctl.persistence.tickets.candidates import number_of
from savctl.persistence.unit_of_work import UnitOfWork
from savctl.usecases.archive.deletion_blockers import deletion_blockers
from savctl.usecases.batch.report import Item, ItemOutcome

_CHANGED = "changed while it was archived: it stays, the next run looks again"
_IN_USE = "in use by another program or command at this moment; the next run looks again"


@dataclass(frozen=True, slots=True)
class Kept:
    """A ticket as cold storage has it, and the digest of its line."""

    id: int
    whole: TicketSnapshot
    line_sha256: str


def move(
    uow: UnitOfWork,
    bundle: Bundle,
    kept: Sequence[Kept],
    *,
    foreign: Sequence[Reference],
    at: datetime,
) -> list[Item]:
    """Delete those tickets whose locked rows are what cold storage has, and enter them.

    The others are named; what of them lies in the bundle stays written down as a copy. `foreign`
    are other programs' keys: a row of theirs may have come since the ticket was chosen.
    """
    same, locked = _compared(uow, kept)
    tied = deletion_blockers(uow, sorted(same), foreign=foreign)
    untied = same - tied.keys()
    free = {one.id for one in kept if one.id in untied and _may_go(one.whole)}
    gone = [one for one in kept if one.id in free]
    moved = [one.id for one in gone]
    items = [
        Item(one.id, one.whole.ticket["ticket_number"], ItemOutcome.CHANGED, "archived")
        for one in gone
    ]
    for one in kept:
        if one.id not in free:
            number = number_of(uow.connection, one.id)
            why = tied.get(one.id, _CHANGED if one.id in locked else _IN_USE)
            items += [Item(one.id, number, ItemOutcome.SKIPPED, why)] if number else []
    uow.tickets.keep_others_out(moved)
    delete_whole(uow.connection, [one.whole for one in gone])
    uow.alarms.remove(moved)
    index.add(uow.connection, bundle.id, [(one.whole, one.line_sha256) for one in gone], at=at)
    bundles.drop_copies(uow.connection, bundle.id, moved)
    if moved:
        details = {"bundle": bundle.key, "tickets": len(moved), "ids": [moved[0], moved[-1]]}
        uow.audit.note("archived", actor=None, at=at, details=details)
    return items


def _compared(uow: UnitOfWork, kept: Sequence[Kept]) -> tuple[set[int], set[int]]:
    """Lock the rows; answers the tickets that are still the same, and all that are locked.

    Where this run has read the rows itself, their digests decide; else every value is compared.
    """
    columns = columns_of(uow.connection)
    ids = [one.id for one in kept]
    if all(one.whole.digests and all(one.whole.digests) for one in kept):
        now = locked_digests(uow.connection, columns, ids)
        return {one.id for one in kept if now.get(one.id) == one.whole.digests}, set(now)
    rows = read_whole(uow.connection, columns, ids, lock=True)
    return {one.id for one in kept if rows.get(one.id) == one.whole}, set(rows)


def _may_go(whole: TicketSnapshot) -> bool:
    """Whether the ticket is closed and free: a hold may have come after it was chosen."""
    text = whole.ticket["metadata"] or ""
    is_held = "legal_hold" in text and has_hold(Metadata.read(text))
    return whole.ticket["status"] == Status.CLOSED and not is_held
