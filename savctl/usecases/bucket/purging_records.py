"""Soft-deleted files whose 30 days are over: the records go, their objects are put on the list.

One transaction for a batch: it holds the rows of the tickets, so nobody restores a file or
attaches another meanwhile. What becomes of the objects is `purging_objects`.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

from savctl.domain.access.file_access import FileAction, FileNote
from savctl.domain.files.object_keys import Shape, shape_of
from savctl.persistence.engine import Database
from savctl.persistence.files.attachments import (
    Attachment,
    DeletedBefore,
    WithoutRecord,
    ticket_number_of,
)
from savctl.persistence.files.purge_queue import PurgeReason, PurgeRequest
from savctl.persistence.privacy.holds import held_among
from savctl.persistence.unit_of_work import UnitOfWork
from savctl.ports import Clock
from savctl.usecases.batch.batches import BatchContext, in_batches
from savctl.usecases.batch.report import Item, ItemOutcome

_IN_USE = "its ticket is in use at this moment; the next run looks again"
_HELD = "its ticket is under legal hold"
_ELSEWHERE = "the record is gone; its object {!r} is not where files of tickets are: left alone"


def purge_deleted_records(
    database: Database, clock: Clock, *, retention: timedelta, terms: BatchContext
) -> None:
    """Remove the records that were soft-deleted `retention` ago, and doom their objects.

    Raises:
        Unavailable: the database went away, or the lease was lost; committed batches stay.
    """
    due = DeletedBefore(clock() - retention)

    def work(uow: UnitOfWork, ids: Sequence[int]) -> list[Item]:
        return _remove(uow, ids, due.moment, clock())

    stopped_at = in_batches(database, due, work, terms=terms, number_of=ticket_number_of)
    if stopped_at is not None:
        with database.reading() as connection:
            terms.report.left += due.count(connection, after_id=stopped_at)


def forget_strays(database: Database, *, terms: BatchContext) -> None:
    """Forget digests and marks whose record another program removed.

    Their objects, if they are still there, are orphans.
    """

    def work(uow: UnitOfWork, ids: Sequence[int]) -> list[Item]:
        uow.attachments.forget(ids)
        return []

    in_batches(database, WithoutRecord(), work, terms=terms, number_of=ticket_number_of)


def _remove(uow: UnitOfWork, ids: Sequence[int], before: datetime, now: datetime) -> list[Item]:
    tickets = {found.ticket_id for found in uow.attachments.these(ids)}
    locked = {ticket.id for ticket in uow.tickets.lock_many(tickets, skip_locked=True)}
    numbers = uow.tickets.numbers_of(sorted(tickets))
    held = held_among(uow.connection, tickets)
    # read again: restored or moved meanwhile
    found = [
        one
        for one in uow.attachments.these(ids)
        if one.deleted_at is not None and one.deleted_at <= before
    ]
    items: list[Item] = []
    removed: list[Attachment] = []
    for one in found:
        number = numbers.get(one.ticket_id)
        if one.ticket_id in held:
            items.append(Item(one.id, number, ItemOutcome.SKIPPED, _HELD))
        elif one.ticket_id not in locked and one.ticket_id in numbers:
            items.append(Item(one.id, number, ItemOutcome.SKIPPED, _IN_USE))
        else:
            removed.append(one)
            items.append(_gone(one, number))
    uow.tickets.keep_others_out(locked & {one.ticket_id for one in removed})
    _forget(uow, removed, now)
    return items


def _forget(uow: UnitOfWork, removed: Sequence[Attachment], now: datetime) -> None:
    uow.attachments.remove([one.id for one in removed])
    doomed = [
        PurgeRequest(
            key=one.file_path,
            reason=PurgeReason.DELETED,
            due_at=now,
            ticket_id=one.ticket_id,
            size_bytes=one.file_size,
        )
        for one in removed
        if shape_of(one.file_path) is Shape.TICKET
    ]
    uow.purges.want(doomed, at=now)
    notes = (
        FileNote(action=FileAction.PURGED, ticket_id=one.ticket_id, attachment_id=one.id)
        for one in removed
    )
    uow.audit.files(notes, actor=None, at=now)


def _gone(one: Attachment, number: str | None) -> Item:
    if shape_of(one.file_path) is Shape.TICKET:
        return Item(one.id, number, ItemOutcome.CHANGED, "soft-deleted: retention period expired")
    reason = _ELSEWHERE.format(one.file_path)
    return Item(one.id, number, ItemOutcome.CHANGED, reason, always_listed=True)
