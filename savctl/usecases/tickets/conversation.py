"""Messages between customer and agents (rules 2.6, 5)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from savctl.domain import text
from savctl.domain.clock import to_the_second
from savctl.domain.events.events import MessageAdded
from savctl.domain.model.states import Status
from savctl.domain.model.ticket import Ticket
from savctl.domain.tickets import lifecycle
from savctl.domain.tickets.decision import Decision, TransitionNotAllowed
from savctl.domain.tickets.senders import Sender, require_sender
from savctl.errors import Refused
from savctl.persistence.tickets.messages import Message
from savctl.persistence.unit_of_work import UnitOfWork, in_transaction
from savctl.ports import Clock, ObjectStore
from savctl.usecases.batch.idempotency import IdempotencyKey
from savctl.usecases.files.staging import Staged
from savctl.usecases.files.uploading import Uploading
from savctl.usecases.operation import Operation
from savctl.usecases.tickets import sanitize
from savctl.usecases.tickets.changes import Change, answer

# The change, the message as a row, and whether the answer is a replayed one.
StoredMessage = tuple[Change, Mapping[str, object], bool]


def add_message(
    op: Operation,
    ref: str | int,
    *,
    sender: Sender,
    body: str,
    internal: bool = False,
    reopen: bool = False,
    other_customer: bool = False,
    files: Sequence[Staged] = (),
    store: ObjectStore | None = None,
) -> StoredMessage:
    """Add a message; a customer's public one ends the waiting in the same transaction.

    Examined `files` go into the bucket first; they are recorded with the message, whose text may
    be empty then: a photo is an answer (rules 20.5).

    Raises:
        TransitionNotAllowed: the ticket is closed, or `reopen` on one that is not resolved.
        Refused: an internal note by a customer.
        WrongSender: the sender does not belong to the ticket.
        StoreGone, StoreRefused: the bucket; nothing is recorded.
    """
    side, sender_id = sender
    if internal and side != "agent":
        raise Refused("only agents write internal notes", hint="Use --from agent:ID.")
    text.identifier("sender", sender_id)
    stored = sanitize.stored("message", body, with_files=bool(files))
    given: dict[str, object] = {
        "ticket": str(ref),
        "from": f"{side}:{sender_id}",
        "body": body,
        "internal": internal,
        "reopen": reopen,
    }
    if other_customer:
        given["other_customer"] = True
    if files:
        given["files"] = [[file.name.original, file.sha256] for file in files]
    with Uploading(op.database, op.clock, store, files, by=op.actor or sender_id) as uploading:
        wish = _MessageRequest(
            ref=ref,
            sender=sender,
            body=stored,
            internal=internal,
            reopen=reopen,
            other_customer=other_customer,
            by=op.actor or sender_id,
            once=IdempotencyKey(op.idempotency_key, command="message add", given=given),
            clock=op.clock,
            uploading=uploading,
        )
        if not files:
            return in_transaction(op.database, wish.commit, dry_run=op.dry_run)
        if op.dry_run:
            return in_transaction(
                op.database, lambda uow: wish.reserve(uow) or wish.commit(uow), dry_run=True
            )
        if (done := in_transaction(op.database, wish.reserve)) is not None:
            return done
        uploading.send()
        uploading.deliver()
        return in_transaction(op.database, wish.commit)


@dataclass(frozen=True, slots=True, kw_only=True)
class _MessageRequest:
    """A message for a ticket; its files are announced first, and recorded with it."""

    ref: str | int
    sender: Sender
    body: str
    internal: bool
    reopen: bool
    other_customer: bool
    by: int
    once: IdempotencyKey
    clock: Clock
    uploading: Uploading

    def reserve(self, uow: UnitOfWork) -> StoredMessage | None:
        """Announce the uploads; the earlier answer, when there is one."""
        ticket = uow.tickets.lock(self.ref)
        if (done := self._previous(uow, ticket)) is None:
            self._consequence(ticket, self.clock())  # only whether it is allowed
            self.uploading.announce(uow, ticket.id)
        return done

    def commit(self, uow: UnitOfWork) -> StoredMessage:
        """Store the message, its files, what it does to its ticket, and its event."""
        ticket = uow.tickets.lock(self.ref)
        if (done := self._previous(uow, ticket)) is not None:
            return done
        now = uow.moment(self.clock(), ticket)
        decision = self._consequence(ticket, now)
        message = add_to_conversation(
            uow,
            ticket,
            sender=self.sender,
            body=self.body,
            internal=self.internal,
            now=now,
            files=self.uploading.count,
        )
        uow.record(decision)
        made = self.uploading.record(uow, ticket, message_id=message.id, now=now)
        agent = self.sender[1] if self.sender[0] == "agent" else None
        change = answer(
            uow, ticket, decision, users=(self.sender[1],), agent=agent, message_id=message.id
        )
        row = as_row(message)
        if made:
            row["attachment_ids"] = [attachment.id for attachment in made]
        self.once.store(uow, row, at=now)
        return change, row, False

    def _consequence(self, ticket: Ticket, now: datetime) -> Decision:
        side, _ = self.sender
        found = _consequence(ticket, side, self.internal, self.reopen, self.by, now)
        require_sender(ticket, self.sender, other_customer=self.other_customer)
        return found

    def _previous(self, uow: UnitOfWork, ticket: Ticket) -> StoredMessage | None:
        found = self.once.previous(uow)
        if found is None:
            return None
        return Change(ticket=ticket, changed=False, message_id=found["id"]), found, True


def mark_read(op: Operation, ref: str | int, *, reader: int) -> tuple[Ticket, int]:
    """Mark what the other party wrote as read: the customer reads agents, agents the customer."""
    text.identifier("reader", reader)

    def work(uow: UnitOfWork) -> tuple[Ticket, int]:
        ticket = uow.tickets.get(ref)
        other = "agent" if reader == ticket.user_id else "customer"
        now = uow.moment(op.clock(), ticket)
        return ticket, uow.messages.mark_read(ticket.id, written_by=other, at=to_the_second(now))

    return in_transaction(op.database, work, dry_run=op.dry_run)


def add_to_conversation(
    uow: UnitOfWork,
    ticket: Ticket,
    *,
    sender: Sender,
    body: str,
    internal: bool,
    now: datetime,
    files: int = 0,
) -> Message:
    """Store a message of a locked ticket and queue its event; `files` are attached with it."""
    message = uow.messages.insert(
        ticket_id=ticket.id, sender=sender, text=body, internal=internal, at=to_the_second(now)
    )
    event = MessageAdded(
        ticket_id=ticket.id,
        ticket_number=ticket.ticket_number,
        message_id=message.id,
        sender_id=message.sender_id,
        sender_type=message.sender_type,
        is_internal=internal,
        has_attachments=files > 0,
        attachment_count=files,
    )
    uow.outbox.append([(event, now)])
    return message


def as_row(message: Message) -> dict[str, object]:
    """The message with the service's column names."""
    return {name: getattr(message, name) for name in Message.__slots__}


def _consequence(
    ticket: Ticket, side: str, internal: bool, reopen: bool, by: int, now: datetime
) -> Decision:
    """What the message does to its ticket."""
    if reopen:
        if ticket.status is not Status.RESOLVED:
            raise TransitionNotAllowed(
                f"{ticket.ticket_number} is {ticket.status}: --reopen is for resolved tickets",
                hint="Leave out --reopen."
                if ticket.status is not Status.CLOSED
                else "closed is final.",
                ticket_number=ticket.ticket_number,
                ticket_id=ticket.id,
                status=str(ticket.status),
            )
        return lifecycle.move(
            ticket, Status.IN_PROGRESS, by=by, now=now, reason=f"{side} reopened with a message"
        )
    outcome = lifecycle.customer_wrote(ticket, by=by, now=now)
    if side == "customer" and not internal:
        return outcome
    return Decision(ticket=ticket, at=now)
