"""Messages between customer and agents (spec: ticket_messages; rules 2.6, 5)."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from savctl.domain import lifecycle, text
from savctl.domain.clock import to_the_second
from savctl.domain.decision import Decision, TransitionNotAllowed
from savctl.domain.events import MessageAdded
from savctl.domain.states import Status
from savctl.domain.ticket import Ticket
from savctl.errors import InvalidInput, Refused
from savctl.persistence.engine import Database
from savctl.persistence.messages import Message
from savctl.persistence.unit_of_work import UnitOfWork, in_transaction
from savctl.ports import Clock
from savctl.usecases import wording
from savctl.usecases.changes import Change, answer
from savctl.usecases.once import Once

SIDES = ("customer", "agent")


def add_message(
    database: Database,
    clock: Clock,
    ref: str | int,
    *,
    sender: tuple[str, int],
    body: str,
    internal: bool = False,
    reopen: bool = False,
    by: int | None = None,
    key: str | None = None,
    dry_run: bool = False,
) -> tuple[Change, Mapping[str, object], bool]:
    """Add a message; a customer's public one ends the waiting in the same transaction.

    Answers the change, the message as a row and whether the answer is a replayed one.

    Raises:
        TransitionNotAllowed: the ticket is closed, or `reopen` on one that is not resolved.
        Refused: an internal note by a customer.
    """
    side, sender_id = sender
    if internal and side != "agent":
        raise Refused("only agents write internal notes", hint="Use --from agent:ID.")
    text.identifier("sender", sender_id)
    stored = wording.stored("message", body)
    given = {
        "ticket": str(ref),
        "from": f"{side}:{sender_id}",
        "body": body,
        "internal": internal,
        "reopen": reopen,
    }
    once = Once(key, command="message add", given=given)

    def work(uow: UnitOfWork) -> tuple[Change, Mapping[str, object], bool]:
        ticket = uow.tickets.lock(ref)
        if (earlier := once.earlier(uow)) is not None:
            unchanged = Change(ticket=ticket, changed=False, message_id=earlier["id"])
            return unchanged, earlier, True
        now = clock()
        decision = _consequence(ticket, side, internal, reopen, by or sender_id, now)
        message = add_to_conversation(
            uow, ticket, sender=sender, body=stored, internal=internal, now=now
        )
        uow.record(decision)
        change = answer(uow, ticket, decision, users=(sender_id,), message_id=message.id)
        row = as_row(message)
        once.keep(uow, row, at=now)
        return change, row, False

    return in_transaction(database, work, dry_run=dry_run)


def mark_read(
    database: Database, clock: Clock, ref: str | int, *, by: int, dry_run: bool = False
) -> tuple[Ticket, int]:
    """Mark what the other party wrote as read: the customer reads agents, agents the customer."""
    text.identifier("reader", by)

    def work(uow: UnitOfWork) -> tuple[Ticket, int]:
        ticket = uow.tickets.get(ref)
        other = "agent" if by == ticket.user_id else "customer"
        return ticket, uow.messages.mark_read(
            ticket.id, written_by=other, at=to_the_second(clock())
        )

    return in_transaction(database, work, dry_run=dry_run)


def add_to_conversation(
    uow: UnitOfWork,
    ticket: Ticket,
    *,
    sender: tuple[str, int],
    body: str,
    internal: bool,
    now: datetime,
) -> Message:
    """Store a message of a locked ticket and queue its event."""
    message = uow.messages.insert(
        ticket_id=ticket.id, sender=sender, text=body, internal=internal, at=to_the_second(now)
    )
    event = MessageAdded(
        ticket_id=ticket.id,
        ticket_number=ticket.number,
        message_id=message.id,
        sender_id=message.sender_id,
        sender_type=message.sender_type,
        is_internal=internal,
        has_attachments=False,
        attachment_count=0,
    )
    uow.outbox.append([(event, now)])
    return message


def as_row(message: Message) -> dict[str, object]:
    """The message with the specification's column names."""
    return {name: getattr(message, name) for name in Message.__slots__}


def parse_sender(given: str) -> tuple[str, int]:
    """`customer:456` or `agent:10`."""
    side, _, number = given.partition(":")
    if side not in SIDES or not number.isascii() or not number.isdecimal():
        raise InvalidInput(
            f"{given!r} names no sender", hint="Use customer:USER_ID or agent:USER_ID."
        )
    return side, text.identifier("sender", int(number))


def _consequence(
    ticket: Ticket, side: str, internal: bool, reopen: bool, by: int, now: datetime
) -> Decision:
    """What the message does to its ticket."""
    if reopen:
        if ticket.status is not Status.RESOLVED:
            raise TransitionNotAllowed(
                f"{ticket.number} is {ticket.status}: --reopen is for resolved tickets",
                hint="Leave out --reopen."
                if ticket.status is not Status.CLOSED
                else "closed is final.",
                ticket_number=ticket.number,
                status=str(ticket.status),
            )
        return lifecycle.move(
            ticket, Status.IN_PROGRESS, by=by, now=now, reason=f"{side} reopened with a message"
        )
    outcome = lifecycle.customer_wrote(ticket, by=by, now=now)
    if side == "customer" and not internal:
        return outcome
    return Decision(ticket=ticket, at=now)
