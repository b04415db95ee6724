"""Splitting a ticket: chosen messages become a new one, with their files (rules 6)."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from savctl.domain import text
from savctl.domain.model import numbers
from savctl.domain.model.priority import Priority
from savctl.domain.model.ticket import Ticket
from savctl.domain.tickets import splitting
from savctl.domain.tickets.message_origins import origins
from savctl.domain.tickets.splitting import Part
from savctl.errors import InvalidInput, NotFound, Refused
from savctl.persistence.unit_of_work import UnitOfWork, in_transaction
from savctl.usecases.operation import Operation
from savctl.usecases.tickets.changes import kept_unreadable, unknown_users
from savctl.usecases.tickets.creation import NewTicket, decide_creation


@dataclass(frozen=True, slots=True, kw_only=True)
class SplitOptions:
    """How a split is done: the new ticket's subject and priority, and why."""

    subject: str | None = None
    priority: Priority | None = None
    reason: str | None = None
    draw: Callable[[str], str] = secrets.choice


@dataclass(frozen=True, slots=True, kw_only=True)
class Split:
    """The new ticket, the one it came from, and how much went over."""

    ticket: Ticket
    original: Ticket
    messages: int
    attachments: int
    warnings: tuple[str, ...] = ()


def split_ticket(
    op: Operation,
    ref: str | int,
    message_ids: Sequence[int],
    *,
    terms: SplitOptions = SplitOptions(),
) -> Split:
    """Make a new ticket of some messages of another one.

    Messages that a merge brought from another customer's ticket go to that customer, and what
    the merge had hidden from them can be read again.

    Raises:
        NotFound: no such ticket or message.
        Refused: it is closed or held, the messages are of another ticket, of different
            customers, or all there are.
    """
    if not message_ids:
        raise InvalidInput("no message is named", hint="--messages ID,ID; savctl message list TKT")
    if terms.subject is not None:
        text.line("subject", terms.subject)
    reason = text.reason(terms.reason)
    wanted = frozenset(text.identifier("message", i) for i in message_ids)

    def work(uow: UnitOfWork) -> Split:
        original = uow.tickets.lock(ref)
        part = _part(uow, original, wanted)
        now, number = uow.moment(op.clock(), original), numbers.ticket_number(terms.draw)
        draft = _draft(uow, original, part, terms)
        made = decide_creation(
            uow, draft, number=number, by=op.actor, now=now, policies=op.policies
        )
        made = splitting.split_off(made, original, part, by=op.actor, now=now, reason=reason)
        left = splitting.detach(original, part, number, by=op.actor, now=now, reason=reason)
        new = uow.record_new(made)
        uow.record(left)
        uow.moves.show(sorted(part.shown))
        messages, files = uow.moves.some(
            sorted(part.ids), sorted(part.files), of=original.id, to=new.id
        )
        warnings = unknown_users(uow, (new.user_id, op.actor)) + kept_unreadable(original)
        return Split(
            ticket=new,
            original=left.ticket,
            messages=messages,
            attachments=files,
            warnings=warnings,
        )

    return in_transaction(op.database, work, dry_run=op.dry_run)


def _part(uow: UnitOfWork, original: Ticket, wanted: frozenset[int]) -> Part:
    lines = uow.moves.hanging([original.id])[0][original.id]
    descriptions = [o.description for o in origins(original.metadata) if o.description is not None]
    found = uow.moves.whereabouts(sorted(wanted))
    gone = sorted(i for i in wanted if i not in found)
    if gone:
        raise NotFound(
            f"no message {', '.join(map(str, gone))}",
            hint=f"savctl message list {original.ticket_number} lists its messages.",
        )
    elsewhere = sorted(i for i in wanted if found[i] != original.id)
    if elsewhere:
        raise Refused(
            f"not of {original.ticket_number}: message {', '.join(map(str, elsewhere))}",
            hint=f"savctl message list {original.ticket_number} shows its own.",
            ticket_number=original.ticket_number,
            ticket_id=original.id,
        )
    return splitting.choose(original, lines, wanted, uow.moves.authors(descriptions))


def _draft(uow: UnitOfWork, original: Ticket, part: Part, terms: SplitOptions) -> NewTicket:
    """The new ticket's description: from its own conversation, never of another customer's."""
    like = _like(uow, original, part)
    words = part.first_words
    if words is not None:
        description = uow.moves.text_of(words)
    else:
        description = f"Split from {original.ticket_number}"
    return NewTicket(
        user_id=part.user_id,
        subject=terms.subject
        or (like.subject if like else f"Split from {original.ticket_number}"),
        description=description,
        priority=terms.priority,
        category=like.category if like else None,
        order_id=like.order_id if like else None,
    )


def _like(uow: UnitOfWork, original: Ticket, part: Part) -> Ticket | None:
    """The ticket that the new one is like: the one all of it came from, else the original."""
    if part.came_from is not None:
        try:
            source = uow.tickets.get(part.came_from)
        except NotFound:  # archived or erased
            source = None
        if source is not None and source.user_id == part.user_id:
            return source
    return original if original.user_id == part.user_id else None
