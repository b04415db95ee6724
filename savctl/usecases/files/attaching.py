"""Attaching files to a ticket, taking them off and putting them back (rules 2.5, 7, 11.8)."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime

from savctl.domain import text
from savctl.domain.access.file_access import FileAction, FileNote
from savctl.domain.model.ticket import Ticket
from savctl.domain.tickets import lifecycle
from savctl.domain.tickets.decision import require_not_closed
from savctl.domain.tickets.legal_hold import require_not_held
from savctl.errors import NotFound
from savctl.persistence.engine import Database
from savctl.persistence.files.attachments import Attachment
from savctl.persistence.unit_of_work import UnitOfWork, in_transaction
from savctl.ports import Clock, ObjectStore
from savctl.usecases.batch.idempotency import IdempotencyKey
from savctl.usecases.files.staging import Staged
from savctl.usecases.files.uploading import Uploading
from savctl.usecases.operation import Operation


@dataclass(frozen=True, slots=True, kw_only=True)
class Attached:
    """The ticket, its new (or changed) records, and whether the answer is a replayed one."""

    ticket: Ticket
    attachments: Sequence[Attachment]
    changed: bool = True
    is_replayed: bool = False


def attach_files(
    op: Operation,
    store: ObjectStore,
    ref: str | int,
    files: Sequence[Staged],
) -> Attached:
    """Attach examined files to a ticket: all of them, or none; the customer's end the waiting.

    Raises:
        TransitionNotAllowed: the ticket is closed.
        StoreGone, StoreRefused: the bucket; nothing is recorded.
    """
    given = {"ticket": str(ref), "files": identified(files)}
    once = IdempotencyKey(op.idempotency_key, command="attachment add", given=given)
    with Uploading(op.database, op.clock, store, files, by=op.actor) as uploading:
        wish = _AttachRequest(ref=ref, once=once, uploading=uploading, clock=op.clock, by=op.actor)
        if op.dry_run:
            return in_transaction(
                op.database, lambda uow: wish.reserve(uow) or wish.commit(uow), dry_run=True
            )
        if (done := in_transaction(op.database, wish.reserve)) is not None:
            return done
        uploading.send()
        uploading.deliver()
        return in_transaction(op.database, wish.commit)


def delete_attachment(
    op: Operation,
    attachment_id: int,
    *,
    reason: str | None = None,
) -> Attached:
    """Take a file off its ticket; record and object stay for 30 days.

    Raises:
        NotFound: no such record.
        TransitionNotAllowed: the ticket is closed.
        UnderLegalHold: the ticket is kept as evidence.
    """
    why = text.reason(reason)

    def work(uow: UnitOfWork, ticket: Ticket, attachment: Attachment) -> bool:
        if attachment.deleted_at is not None:
            return False
        require_not_closed(ticket, "delete an attachment")
        require_not_held(ticket, "delete an attachment")
        now = uow.moment(op.clock(), ticket)
        uow.attachments.mark_deleted(attachment, at=now, by=op.actor, reason=why)
        _note(uow, FileAction.DELETED, attachment, by=op.actor, at=now, reason=why)
        return True

    return _changed(op.database, attachment_id, work, dry_run=op.dry_run)


def restore_attachment(op: Operation, attachment_id: int) -> Attached:
    """Put a soft-deleted file back, also on a ticket that was closed since.

    Raises:
        NotFound: no such record, or it is gone for good.
    """

    def work(uow: UnitOfWork, ticket: Ticket, attachment: Attachment) -> bool:
        if attachment.deleted_at is None:
            return False
        uow.attachments.unmark(attachment.id)
        now = uow.moment(op.clock(), ticket)
        _note(uow, FileAction.RESTORED, attachment, by=op.actor, at=now)
        return True

    return _changed(op.database, attachment_id, work, dry_run=op.dry_run)


def list_attachments(
    database: Database, ref: str | int, *, deleted: bool = False
) -> tuple[Ticket, list[Attachment]]:
    """The ticket's files that the requester sees, in the order they came; soft-deleted ones
    when asked.

    Raises:
        NotFound: no such ticket.
    """
    with database.reading() as connection:
        uow = UnitOfWork(connection)
        ticket = uow.tickets.get(ref)
        return ticket, uow.attachments.of_ticket(ticket.id, deleted=deleted)


def identified(files: Sequence[Staged]) -> list[list[str]]:
    """What makes files the same files: name and content."""
    return [[file.name.original, file.sha256] for file in files]


@dataclass(frozen=True, slots=True, kw_only=True)
class _AttachRequest:
    """Files for a ticket: announced in one transaction, recorded in another."""

    ref: str | int
    once: IdempotencyKey
    uploading: Uploading
    clock: Clock
    by: int | None

    def reserve(self, uow: UnitOfWork) -> Attached | None:
        """Announce the uploads; the earlier answer, when there is one."""
        ticket = uow.tickets.lock(self.ref)
        if (done := self._previous(uow, ticket)) is None:
            require_not_closed(ticket, "attach a file")
            self.uploading.announce(uow, ticket.id)
        return done

    def commit(self, uow: UnitOfWork) -> Attached:
        """Record the files whose objects are there by now."""
        ticket = uow.tickets.lock(self.ref)
        if (done := self._previous(uow, ticket)) is not None:
            return done
        require_not_closed(ticket, "attach a file")
        now = uow.moment(self.clock(), ticket)
        made = self.uploading.record(uow, ticket, message_id=None, now=now)
        self.once.store(uow, {"ids": [attachment.id for attachment in made]}, at=now)
        if self.by == ticket.user_id:  # a file of the customer's is an answer (rules 20.5)
            wrote = lifecycle.customer_wrote(
                ticket, by=self.by, now=now, reason="customer sent a file"
            )
            ticket = uow.record(wrote)
        return Attached(ticket=ticket, attachments=made)

    def _previous(self, uow: UnitOfWork, ticket: Ticket) -> Attached | None:
        found = self.once.previous(uow)
        if found is None:
            return None
        previous = uow.attachments.these(found["ids"])
        return Attached(ticket=ticket, attachments=previous, changed=False, is_replayed=True)


def _changed(
    database: Database,
    attachment_id: int,
    work: Callable[[UnitOfWork, Ticket, Attachment], bool],
    *,
    dry_run: bool,
) -> Attached:
    def locked(uow: UnitOfWork) -> Attached:
        ticket = _locked_ticket(uow, attachment_id)
        changed = work(uow, ticket, uow.attachments.get(attachment_id))
        after = uow.attachments.get(attachment_id)
        return Attached(ticket=ticket, attachments=[after], changed=changed)

    return in_transaction(database, locked, dry_run=dry_run)


def _locked_ticket(uow: UnitOfWork, attachment_id: int) -> Ticket:
    """The ticket that has the file, locked; a merge may move it until the lock is held."""
    while True:
        before = uow.attachments.get(attachment_id).ticket_id
        try:
            ticket = uow.tickets.lock(before)
        except NotFound:
            raise NotFound(
                f"attachment {attachment_id} is of ticket {before}, which is gone",
                attachment_id=attachment_id,
            ) from None
        if uow.attachments.get(attachment_id).ticket_id == ticket.id:
            return ticket


def _note(
    uow: UnitOfWork,
    action: FileAction,
    attachment: Attachment,
    *,
    by: int | None,
    at: datetime,
    reason: str | None = None,
) -> None:
    note = FileNote(
        action=action,
        ticket_id=attachment.ticket_id,
        attachment_id=attachment.id,
        reason=reason,
    )
    uow.audit.files([note], actor=by, at=at)
