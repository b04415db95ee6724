"""Merging duplicates: which tickets may be merged, and what becomes of both sides (rules 6).

Messages and files keep their ids, times and senders; only their ticket changes. The source is
closed through legal transitions and nobody is notified of a solution that does not exist. The
target's clocks stay as they were: `updated_at` is left alone, and what came with a merge is
written down as such (`savctl.domain.tickets.message_origins`).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime

from savctl.domain.clock import micro_text
from savctl.domain.model.history import Action
from savctl.domain.model.row_ids import row_id
from savctl.domain.model.states import Status
from savctl.domain.model.ticket import Ticket
from savctl.domain.tickets import lifecycle
from savctl.domain.tickets.decision import (
    Decision,
    TransitionNotAllowed,
    decide,
    history_entry,
)
from savctl.domain.tickets.legal_hold import require_not_held
from savctl.domain.tickets.message_origins import (
    MessageOrigin,
    moved_ids,
    origins,
    with_kept_answer,
    with_origins,
)
from savctl.errors import Refused


class AlreadyMerged(Refused):
    """The ticket was merged into another one; the message names where it went."""

    code = "already_merged"


class DifferentCustomers(Refused):
    """The tickets belong to different customers."""

    code = "different_customers"


class MergedIntoItself(Refused):
    """A ticket cannot be merged into itself."""

    code = "merged_into_itself"


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """What the rules must know of a message; `side` is customer or agent."""

    id: int
    ticket_id: int
    side: str
    is_internal: bool
    at: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class MergeSource:
    """A ticket that is merged away, with what hangs on it.

    `description` is the message that its description became, and one of its `lines`; `files`
    are the attachments that hang on no message.
    """

    ticket: Ticket
    lines: tuple[Line, ...]
    description: int
    files: frozenset[int] = frozenset()


def merged_into(ticket: Ticket) -> tuple[int, str] | None:
    """The id and number of the ticket that it was merged into, by its link."""
    link = ticket.metadata.object_at("merged_into")
    ticket_id, number = row_id(link.get("ticket_id")), link.get("ticket_number")
    if ticket_id is None or not isinstance(number, str):
        return None
    return ticket_id, number


def require_target(target: Ticket, *, root: str | None) -> None:
    """Pass when others may be merged into this one; `root` is where it went itself.

    Raises:
        AlreadyMerged: it was merged into another one.
        TransitionNotAllowed: it is closed.
        UnderLegalHold: it is kept as evidence.
    """
    if root is not None:
        raise _already(target, root, hint=f"Merge into {root} instead.")
    _require_open(target, "be the target of a merge")
    require_not_held(target, "merge into it")


def require_source(source: Ticket, target: Ticket, *, across: bool, root: str | None) -> None:
    """Pass when the source may be merged into the target.

    Raises:
        MergedIntoItself: they are one ticket.
        AlreadyMerged: it was merged before, `root` is where it went.
        TransitionNotAllowed: it is closed.
        UnderLegalHold: it is kept as evidence.
        DifferentCustomers: they belong to two customers, and `across` was not asked for.
    """
    if source.id == target.id:
        raise MergedIntoItself(
            f"{source.ticket_number} cannot be merged into itself",
            ticket_number=source.ticket_number,
            ticket_id=source.id,
        )
    if root is not None:
        raise _already(source, root, hint=f"See its messages: savctl ticket show {root}")
    _require_open(source, "merge it")
    require_not_held(source, "merge it")
    if source.user_id != target.user_id and not across:
        raise DifferentCustomers(
            f"{source.ticket_number} belongs to customer {source.user_id}, "
            f"{target.ticket_number} to {target.user_id}: cannot merge",
            hint="--across-customers merges them, with the messages and files of "
            f"{source.ticket_number} as internal notes.",
            ticket_number=source.ticket_number,
            ticket_id=source.id,
            target=target.ticket_number,
        )


def close_source(
    source: MergeSource, target: Ticket, *, by: int | None, now: datetime, reason: str | None
) -> Decision:
    """The source: linked, then closed as a duplicate through legal transitions."""
    ticket = source.ticket
    metadata = with_kept_answer(ticket.metadata, _first_answer(source))
    metadata = metadata.with_members(merged_into=link_to(target, by=by, now=now))
    entry = history_entry(
        Action.MERGED_INTO, ticket.ticket_number, target.ticket_number, by, now, reason
    )
    linked = decide(ticket, {"metadata": metadata}, (entry,), (), now)
    why = duplicate_of(target, reason)
    return linked.then(lifecycle.close_duplicate(linked.ticket, by=by, now=now, reason=why))


def absorb_into_target(
    target: Ticket,
    sources: Sequence[MergeSource],
    *,
    by: int | None,
    now: datetime,
    reason: str | None,
    customer_is_newest: bool = False,
) -> Decision:
    """The target: links, history, and what came from where.

    `customer_is_newest`: its newest public message is now the customer's: then it has
    nothing to wait for. A waiting one without an agent keeps its status (bad data).
    """
    links = _as_list(target.metadata.get("merged_from"))
    links += [link_to(source.ticket, by=by, now=now) for source in sources]
    came = [origin for source in sources for origin in _origins_from(source, target)]
    metadata = with_origins(target.metadata, [*origins(target.metadata), *came])
    entries = tuple(
        history_entry(
            Action.MERGED_FROM, s.ticket.ticket_number, target.ticket_number, by, now, reason
        )
        for s in sources
    )
    metadata = metadata.with_members(merged_from=links).with_history(entries)
    taken = Decision(ticket=target.changed(metadata=metadata), at=now, entries=entries)
    if not customer_is_newest:
        return taken
    return taken.then(lifecycle.customer_wrote(taken.ticket, by=by, now=now))


def is_foreign(source: Ticket, target: Ticket) -> bool:
    """Whether the target's customer must not read what is on the source."""
    return source.user_id != target.user_id


def duplicate_of(target: Ticket, reason: str | None) -> str:
    """The reason of a duplicate's closing (rules 6.1)."""
    return f"duplicate of {target.ticket_number}" + (f": {reason}" if reason else "")


def link_to(ticket: Ticket, *, by: int | None, now: datetime) -> dict[str, object]:
    """How a ticket names another one in its metadata (rules 11.2)."""
    return {
        "ticket_id": ticket.id,
        "ticket_number": ticket.ticket_number,
        "at": micro_text(now),
        "actor": by,
    }


def _require_open(ticket: Ticket, what: str) -> None:
    if ticket.status is Status.CLOSED:
        raise TransitionNotAllowed(
            f"{ticket.ticket_number} is closed: cannot {what}",
            hint="closed is final: nothing is moved into it or out of it.",
            ticket_number=ticket.ticket_number,
            ticket_id=ticket.id,
            status=str(ticket.status),
        )


def _already(ticket: Ticket, root: str, *, hint: str) -> AlreadyMerged:
    return AlreadyMerged(
        f"{ticket.ticket_number} was merged into {root} already",
        hint=hint,
        ticket_number=ticket.ticket_number,
        ticket_id=ticket.id,
        merged_into=root,
    )


def _first_answer(source: MergeSource) -> datetime | None:
    """The source's own first public answer, which leaves it now."""
    moved = moved_ids(source.ticket.metadata)
    answers = (
        line.at
        for line in source.lines
        if line.side == "agent" and not line.is_internal and line.id not in moved
    )
    return min((at for at in answers if at is not None), default=None)


def _origins_from(source: MergeSource, target: Ticket) -> Iterator[MessageOrigin]:
    """What comes to the target: the source's own, and what earlier merges brought to it.

    What a split brought to the source is the source's own by now.
    """
    everything = frozenset(line.id for line in source.lines)
    public = frozenset(line.id for line in source.lines if not line.is_internal)
    hides_all = is_foreign(source.ticket, target)
    hides = public if hides_all else frozenset[int]()
    carried = [o for o in origins(source.ticket.metadata) if o.description is not None]
    own = everything.difference(*(origin.messages for origin in carried))
    yield MessageOrigin(
        ticket_id=source.ticket.id,
        messages=own,
        description=source.description,
        hidden=own & hides,
        files=source.files.difference(*(origin.files for origin in carried)),
    )
    for origin in carried:
        here = origin.messages & everything
        hidden = (origin.hidden | hides) & here
        yield origin.among(here, origin.files & source.files, hidden=hidden, is_foreign=hides_all)


def _as_list(stored: object) -> list[object]:
    """Links as they stand; another program may have written one that is no list."""
    if stored is None:
        return []
    return list(stored) if isinstance(stored, list) else [stored]
