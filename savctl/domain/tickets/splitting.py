"""Splitting messages out of a ticket into a new one: the way back from a wrong merge (rules 6).

The original's clocks stay: an answer that leaves it is remembered as given. The new ticket's
begin with its creation: what it was given is no answer of its own.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from savctl.domain.clock import FAR_AWAY
from savctl.domain.model.history import Action
from savctl.domain.model.ticket import Ticket
from savctl.domain.tickets.decision import Decision, decide, history_entry, require_not_closed
from savctl.domain.tickets.legal_hold import require_not_held
from savctl.domain.tickets.merging import DifferentCustomers, Line, link_to
from savctl.domain.tickets.message_origins import (
    MessageOrigin,
    moved_ids,
    origins,
    with_kept_answer,
    with_origins,
)
from savctl.errors import Refused


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """What leaves a ticket.

    `user_id` is the customer whose conversation it is; `shown` the notes that a merge across
    customers had hidden from them; `files` those that hang on no message. `came_from` is the
    ticket all of it came from by a merge, None for the ticket's own or a mixture; `described`
    the message that its description became.
    """

    user_id: int
    lines: tuple[Line, ...]
    shown: frozenset[int] = frozenset()
    files: frozenset[int] = frozenset()
    came_from: int | None = None
    described: int | None = None

    @property
    def ids(self) -> frozenset[int]:
        """The messages."""
        return frozenset(line.id for line in self.lines)

    @property
    def first_words(self) -> int | None:
        """The message that describes the new ticket: the customer's first public one."""
        if self.described is not None:
            return self.described
        lines = [
            line
            for line in self.lines
            if line.side == "customer" and (not line.is_internal or line.id in self.shown)
        ]
        first = min(lines, key=lambda line: (line.at or FAR_AWAY, line.id), default=None)
        return None if first is None else first.id


def choose(
    ticket: Ticket, lines: Sequence[Line], wanted: Collection[int], authors: Mapping[int, int]
) -> Part:
    """The part of a ticket that these of its messages are.

    `authors` are the customers who wrote the descriptions that merges made messages of.

    Raises:
        TransitionNotAllowed: the ticket is closed.
        UnderLegalHold: it is kept as evidence.
        DifferentCustomers: the messages belong to conversations of different customers.
        Refused: nothing of its own would be left, or nobody knows any more whose they are.
    """
    require_not_closed(ticket, "split it")
    require_not_held(ticket, "split it")
    known = origins(ticket.metadata)
    chosen = tuple(line for line in lines if line.id in wanted)
    homes = {i: origin for origin in known for i in origin.messages & frozenset(wanted)}
    owners = {line.id: _owner(homes.get(line.id), ticket, authors) for line in chosen}
    if len(set(owners.values())) > 1:
        raise _different(ticket, owners)
    if len(chosen) == len(lines) and not frozenset(wanted) <= moved_ids(ticket.metadata):
        raise Refused(
            f"these are all messages of {ticket.ticket_number}: nothing would be left of it",
            hint="Leave out at least one message that no merge brought.",
            ticket_number=ticket.ticket_number,
            ticket_id=ticket.id,
        )
    from_one = {homes[i].ticket_id if i in homes else None for i in owners}
    came_from = next(iter(from_one)) if len(from_one) == 1 else None
    described = {home.description for home in homes.values()} & set(owners)
    return Part(
        user_id=next(iter(owners.values())),
        lines=chosen,
        shown=frozenset(i for i, home in homes.items() if i in home.hidden),
        files=frozenset[int]().union(*(o.files for o in known if o.description in wanted)),
        came_from=came_from,
        described=next(iter(described)) if came_from is not None and described else None,
    )


def detach(
    ticket: Ticket, part: Part, number: str, *, by: int | None, now: datetime, reason: str | None
) -> Decision:
    """The original after the split: history, and what it keeps in mind of what left."""
    moved = moved_ids(ticket.metadata)
    answers = [
        line.at
        for line in part.lines
        if line.side == "agent" and not line.is_internal and line.id not in moved
    ]
    answered_at = min((at for at in answers if at is not None), default=None)
    left = [origin.without(part.ids, part.files) for origin in origins(ticket.metadata)]
    metadata = with_origins(with_kept_answer(ticket.metadata, answered_at), left)
    entry = history_entry(Action.SPLIT, ticket.ticket_number, number, by, now, reason)
    changed = ticket.changed(metadata=metadata.with_history((entry,)))
    return Decision(ticket=changed, at=now, entries=(entry,))


def split_off(
    born: Decision,
    original: Ticket,
    part: Part,
    *,
    by: int | None,
    now: datetime,
    reason: str | None,
) -> Decision:
    """The new ticket with its link, its history, and the record of what it was given."""
    new = born.ticket
    metadata = new.metadata.with_members(split_from=link_to(original, by=by, now=now))
    given = MessageOrigin(ticket_id=original.id, messages=part.ids)
    entry = history_entry(Action.SPLIT, original.ticket_number, new.ticket_number, by, now, reason)
    fields = {"metadata": with_origins(metadata, [given])}
    return born.then(decide(new, fields, (entry,), (), now))


def _owner(home: MessageOrigin | None, ticket: Ticket, authors: Mapping[int, int]) -> int:
    """Whose conversation a message belongs to; the ticket's own customer unless a merge tells."""
    if home is None or home.description is None:
        return ticket.user_id
    if home.is_foreign and home.description not in authors:
        raise Refused(
            f"what a merge brought to {ticket.ticket_number} from ticket {home.ticket_id} of "
            "another customer cannot be split: the message with its author is gone",
            hint="They stay notes here, which no customer reads.",
            ticket_number=ticket.ticket_number,
            ticket_id=ticket.id,
        )
    return authors.get(home.description, ticket.user_id)


def _different(ticket: Ticket, owners: Mapping[int, int]) -> DifferentCustomers:
    listing = "; ".join(
        f"customer {user_id}: {','.join(str(i) for i in sorted(owners) if owners[i] == user_id)}"
        for user_id in sorted(set(owners.values()))
    )
    return DifferentCustomers(
        f"these messages of {ticket.ticket_number} are of different customers: {listing}",
        hint="Split them apart, one customer at a time.",
        ticket_number=ticket.ticket_number,
        ticket_id=ticket.id,
    )
