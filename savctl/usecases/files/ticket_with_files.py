"""A new ticket with its files (spec: File Upload Workflow).

The files are in the bucket, below `temp/`, before the ticket is made: without a bucket there is
no ticket. Their keys need its number, so they are copied and recorded right behind it; who dies
in between leaves a ticket without its files, which the same idempotency key completes.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from savctl.domain.policy import Policies
from savctl.domain.ticket import Ticket
from savctl.errors import PartlyDone, SavError
from savctl.persistence.attachments import Attachment
from savctl.persistence.engine import Database
from savctl.persistence.unit_of_work import UnitOfWork, in_transaction
from savctl.ports import Clock, ObjectStore
from savctl.usecases.changes import Change
from savctl.usecases.files.attaching import attach_files, identified
from savctl.usecases.files.staging import Staged
from savctl.usecases.files.uploading import Uploading
from savctl.usecases.tickets import NewTicket, checked_ticket, create_ticket, creation_once


@dataclass(frozen=True, slots=True, kw_only=True)
class Created:
    """The new ticket and the records of its files."""

    change: Change
    attachments: Sequence[Attachment]
    is_replayed: bool


def create_ticket_with_files(
    database: Database,
    clock: Clock,
    store: ObjectStore,
    wanted: NewTicket,
    files: Sequence[Staged],
    *,
    by: int | None,
    policies: Policies | None = None,
    key: str | None = None,
    dry_run: bool = False,
) -> Created:
    """Create a ticket and attach examined files to it.

    Raises:
        StoreGone, StoreRefused: the bucket; nothing was created.
        PartlyDone: the ticket was created, and the bucket went away before its files were
            attached.
    """
    others = {"files": identified(files)}
    made: list[Attachment] = []

    def begin(uow: UnitOfWork) -> bool:
        if creation_once(key, checked_ticket(wanted), others).earlier(uow) is not None:
            return False
        uploading.announce(uow, None)
        return True

    def also(uow: UnitOfWork, ticket: Ticket) -> None:
        if dry_run:
            uploading.announce(uow, ticket)
            made[:] = uploading.record(uow, ticket, message_id=None, now=clock())
        else:
            uploading.aim(uow, ticket)

    with Uploading(database, clock, store, files, by=by) as uploading:
        if not dry_run and in_transaction(database, begin):
            uploading.send()
        change, is_replayed = create_ticket(
            database,
            clock,
            wanted,
            by=by,
            policies=policies,
            key=key,
            dry_run=dry_run,
            others=others,
            also=also,
        )
        if is_replayed:
            made[:] = _completed(database, clock, store, change.ticket, files, by=by)
        elif not dry_run:
            made[:] = _attached(database, clock, uploading, change.ticket)
    return Created(change=change, attachments=made, is_replayed=is_replayed)


def _attached(
    database: Database, clock: Clock, uploading: Uploading, ticket: Ticket
) -> list[Attachment]:
    def record(uow: UnitOfWork) -> list[Attachment]:
        locked = uow.tickets.lock(ticket.id)
        return uploading.record(uow, locked, message_id=None, now=clock())

    try:
        uploading.deliver()
        return in_transaction(database, record)
    except SavError as problem:
        raise PartlyDone(
            f"{ticket.number} was created without its files: {problem.message}",
            hint=f"savctl attachment add {ticket.number} FILE…",
            ticket_number=ticket.number,
        ) from problem


def _completed(
    database: Database,
    clock: Clock,
    store: ObjectStore,
    ticket: Ticket,
    files: Sequence[Staged],
    *,
    by: int | None,
) -> list[Attachment]:
    """The files of a ticket that was made earlier; those it lacks are attached now."""
    with database.reading() as connection:
        found = UnitOfWork(connection).attachments.of_ticket(ticket.id, deleted=True)
    known = {attachment.sha256 for attachment in found}
    missing = [file for file in files if file.sha256 not in known]
    if missing:
        done = attach_files(database, clock, store, ticket.id, missing, by=by)
        found += done.attachments
    return found
