"""Words of others go home before the ticket that they were merged into goes (rules 16.4).

Messages and attachments keep their ids, times and senders, and get back the visibility they had.
Where their own ticket is not here any more, a closed one of their owner takes them.
"""

from __future__ import annotations

import secrets
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from savctl.domain.clock import micro_text, to_the_second
from savctl.domain.model import numbers
from savctl.domain.model.history import Action, HistoryEntry
from savctl.domain.model.metadata import EMPTY, Metadata
from savctl.domain.model.priority import Priority
from savctl.domain.model.row_ids import row_id
from savctl.domain.model.states import Status
from savctl.domain.model.ticket import Ticket
from savctl.domain.tickets.decision import Decision
from savctl.domain.tickets.message_origins import MessageOrigin, origins
from savctl.persistence.archive import index
from savctl.persistence.unit_of_work import UnitOfWork

_REASON = "returned by the erasure of another ticket"


@dataclass(frozen=True, slots=True, kw_only=True)
class HomeWords:
    """Words of one other customer on a ticket, and the ticket that they came from."""

    origin: MessageOrigin
    owner: int
    home: int | None  # None: it is not here any more
    number: str | None


def words_of_others(
    uow: UnitOfWork,
    user_id: int,
    tickets: Iterable[tuple[int, Metadata]],
    authors: Mapping[int, int],
) -> dict[int, list[HomeWords]]:
    """What merges brought from other customers' tickets onto these, by ticket.

    `authors` are the senders of messages that are not in the database.
    """
    brought = {
        ticket_id: (metadata, [o for o in origins(metadata) if o.description is not None])
        for ticket_id, metadata in tickets
    }
    wanted = {o.ticket_id for _, found in brought.values() for o in found}
    if not wanted:
        return {}
    described = {o.description for _, found in brought.values() for o in found}
    here = {t.id: t.user_id for t in uow.tickets.lock_many(wanted)}
    cold = {a.ticket_id: a.user_id for a in index.by_ids(uow.connection, sorted(wanted))}
    stored = uow.moves.authors([i for i in described if i is not None])
    senders = {**authors, **stored}
    homes: dict[int, list[HomeWords]] = {}
    for ticket_id, (metadata, found) in brought.items():
        links = _numbers(metadata)
        for origin in found:
            by_author = senders.get(origin.description or 0, user_id)
            owner = here.get(origin.ticket_id) or cold.get(origin.ticket_id) or by_author
            if owner != user_id:
                home = origin.ticket_id if origin.ticket_id in here else None
                one = HomeWords(
                    origin=origin,
                    owner=owner,
                    home=home,
                    number=links.get(origin.ticket_id),
                )
                homes.setdefault(ticket_id, []).append(one)
    return homes


def send_home(uow: UnitOfWork, ticket_id: int, words: HomeWords, now: datetime) -> int:
    """Move them from a locked ticket; answers how many messages went."""
    lines = uow.moves.whereabouts(sorted(words.origin.messages)) if words.origin.messages else {}
    there = sorted(i for i, on in lines.items() if on == ticket_id)
    if not there and not words.origin.files:
        return 0
    home = words.home if words.home is not None else _new_home(uow, words, there, now)
    messages, hung = uow.moves.some(there, sorted(words.origin.files), of=ticket_id, to=home)
    uow.moves.show(sorted(words.origin.hidden & set(there)))
    note_return(uow, home, there, hung, now)
    return messages


def note_return(
    uow: UnitOfWork, home: int, messages: Sequence[int], hung: int, now: datetime
) -> None:
    """Write into the audit what came back to a ticket."""
    details = {"messages": list(messages), "files": hung}
    uow.audit.note("words_returned", actor=None, at=now, details=details, ticket_id=home)


def _new_home(uow: UnitOfWork, words: HomeWords, messages: Sequence[int], now: datetime) -> int:
    described = words.origin.description
    text = uow.moves.text_of(described) if described in messages and described else None
    return new_home(uow, words, text, now)


def new_home(uow: UnitOfWork, words: HomeWords, text: str | None, now: datetime) -> int:
    """A closed ticket of theirs that follows the one that is not here any more."""
    number = numbers.ticket_number(secrets.choice)
    at = to_the_second(now)
    link: dict[str, object] = {
        "ticket_id": words.origin.ticket_id,
        "ticket_number": words.number,
        "at": micro_text(now),
        "actor": None,
    }
    opened, closed = str(Status.OPEN), str(Status.CLOSED)
    entries = (
        HistoryEntry(at=now, actor=None, action=Action.CREATED, after=opened),
        HistoryEntry(now, None, Action.STATUS, opened, closed, _REASON),
    )
    metadata = EMPTY.with_members(split_from=link).with_history(entries)
    ticket = Ticket(
        id=0,
        ticket_number=number,
        user_id=words.owner,
        subject=f"Messages of {words.number or f'ticket {words.origin.ticket_id}'}",
        description=text or "",
        priority=Priority.MEDIUM,
        status=Status.CLOSED,
        metadata=metadata,
        closed_at=at,
        created_at=at,
        updated_at=at,
    )
    return uow.record_new(Decision(ticket=ticket, at=now, entries=entries)).id


def _numbers(metadata: Metadata) -> dict[int, str]:
    """The numbers of the tickets that were merged in, by id."""
    links = metadata.get("merged_from")
    found: dict[int, str] = {}
    for link in links if isinstance(links, list) else []:
        if isinstance(link, dict) and isinstance(link.get("ticket_number"), str):
            ticket_id = row_id(link.get("ticket_id"))
            if ticket_id is not None:
                found[ticket_id] = link["ticket_number"]
    return found
