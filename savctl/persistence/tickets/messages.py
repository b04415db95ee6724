"""The conversation of a ticket (rules 5)."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import (
    Connection,
    Dialect,
    Row,
    and_,
    false,
    insert,
    select,
    update,
)

from savctl.domain.model.ticket import Ticket
from savctl.domain.tickets.closing import LastPublic
from savctl.domain.tickets.message_origins import kept_answer, moved_ids
from savctl.persistence.noted_tickets import note_changed
from savctl.persistence.schema.tables import ticket_messages
from savctl.persistence.sql import fetched, id_list
from savctl.persistence.tickets.tickets import new_id
from savctl.persistence.types import instant_of
from savctl.persistence.visibility import seen_messages

_M = ticket_messages.c
_INSERT = insert(ticket_messages)  # made once, see tickets.py
_SIDES = ("customer", "agent")
_MOST_IDS = 10_000  # in one query; SQLite takes 32,766


@dataclass(frozen=True, slots=True, kw_only=True)
class Message:
    """One row of ticket_messages."""

    id: int
    ticket_id: int
    sender_id: int
    sender_type: str
    message: str
    is_internal: bool
    read_at: datetime | None
    created_at: datetime | None
    updated_at: datetime | None


class Messages:
    """The messages of one transaction."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def insert(
        self, *, ticket_id: int, sender: tuple[str, int], text: str, internal: bool, at: datetime
    ) -> Message:
        """Store a message and answer it; the ticket's row is locked by the caller."""
        sender_type, sender_id = sender
        values: dict[str, Any] = {
            "ticket_id": ticket_id,
            "sender_id": sender_id,
            "sender_type": sender_type,
            "message": text,
            "is_internal": internal,
            "created_at": at,
            "updated_at": at,
        }
        made = self._connection.execute(_INSERT, values)
        note_changed(self._connection, [ticket_id])
        return Message(id=new_id(made), read_at=None, **values)

    def insert_many(self, rows: Sequence[dict[str, Any]]) -> None:
        """Store many messages of imported tickets."""
        if rows:
            self._connection.execute(_INSERT, rows)

    def of_ticket(
        self, ticket_id: int, *, limit: int | None = None, public_only: bool = False
    ) -> list[Message]:
        """The conversation in the order it was written."""
        seen = seen_messages(self._connection)
        query = select(ticket_messages).where(_M.ticket_id == ticket_id, *seen)
        query = query.order_by(_M.created_at, _M.id)
        if public_only:
            query = query.where(_M.is_internal == false())
        if limit:
            query = query.limit(limit)
        return [to_message(row) for row in self._connection.execute(query)]

    def last_public(self, tickets: Sequence[Ticket]) -> dict[int, LastPublic]:
        """Who wrote last, by time and by arrival, for many tickets with one query.

        A second one for those to which messages came from other tickets: what a merge brought
        is there, but ends no silence (rules 3.1).
        """
        found = self._last([ticket.id for ticket in tickets])
        for mixed, moved in _mixed(tickets):
            own = self._last([ticket.id for ticket in mixed], without=moved)
            for ticket in mixed:
                if (last := found.get(ticket.id)) is not None:
                    found[ticket.id] = last._replace(own=own.get(ticket.id, LastPublic()))
        return found

    def first_answers(self, tickets: Sequence[Ticket]) -> dict[int, datetime]:
        """When an agent first wrote publicly, for many tickets with one query.

        What came from another ticket is no answer; what went to another one is (rules 6.3).
        """
        found = self.first_public([ticket.id for ticket in tickets])
        for mixed, moved in _mixed(tickets):
            for ticket in mixed:
                found.pop(ticket.id, None)
            found |= self.first_public([ticket.id for ticket in mixed], without=moved)
        for ticket in tickets:
            if (kept := kept_answer(ticket.metadata)) is not None:
                found[ticket.id] = min(kept, found.get(ticket.id, kept))
        return found

    def _last(self, ids: Sequence[int], *, without: Sequence[int] = ()) -> dict[int, LastPublic]:
        if not ids:
            return {}
        newest = ", ".join(
            [_newest(side, name) for name in ("created_at", "id") for side in _SIDES]
        )
        query = (
            f"SELECT ticket_id, {newest}, MAX(created_at) FROM ticket_messages "  # noqa: S608
            f"WHERE {_of_these(ids, without)} GROUP BY ticket_id"
        )
        dialect = self._connection.dialect
        return {row[0]: _last_of(row, dialect) for row in fetched(self._connection, query)}

    def first_public(
        self, ids: Sequence[int], *, without: Sequence[int] = ()
    ) -> dict[int, datetime]:
        """When an agent first wrote publicly in these tickets, whoever's answer that was."""
        if not ids:
            return {}
        query = (
            "SELECT ticket_id, MIN(created_at) FROM ticket_messages "  # noqa: S608
            f"WHERE {_of_these(ids, without)} "
            "AND sender_type = 'agent' AND is_internal = 0 "
            "AND created_at >= '1970-01-01' "  # a zero date is no answer, and hides none
            "GROUP BY ticket_id"
        )
        dialect = self._connection.dialect
        found = ((row[0], instant_of(row[1], dialect)) for row in fetched(self._connection, query))
        return {ticket_id: at for ticket_id, at in found if at is not None}

    def mark_read(self, ticket_id: int, *, written_by: str, at: datetime) -> int:
        """Mark what one side wrote publicly as read; answers how many were unread."""
        unread = and_(
            _M.ticket_id == ticket_id,
            _M.sender_type == written_by,
            _M.is_internal == false(),
            _M.read_at.is_(None),
        )
        result = self._connection.execute(update(ticket_messages).where(unread).values(read_at=at))
        note_changed(self._connection, [ticket_id] if result.rowcount else [])
        return int(result.rowcount)

    def is_internal(self, message_id: int) -> bool:
        """Whether it is a note that customers never see; one that is gone counts as such."""
        query = select(_M.is_internal).where(_M.id == message_id)
        return self._connection.execute(query).scalar() in {True, None}


def _mixed(tickets: Sequence[Ticket]) -> Iterator[tuple[list[Ticket], list[int]]]:
    """Those of the tickets to which messages came from others, and which; a few at a time."""
    some: list[Ticket] = []
    ids: list[int] = []
    for ticket in tickets:
        if not (moved := moved_ids(ticket.metadata)):
            continue
        if some and len(ids) + len(moved) > _MOST_IDS:
            yield some, ids
            some, ids = [], []
        some.append(ticket)
        ids += sorted(moved)
    if some:
        yield some, ids


def _of_these(ids: Sequence[int], without: Sequence[int]) -> str:
    """The messages of these tickets, without some; ids are written as numbers."""
    others = f" AND id NOT IN ({id_list(without)})" if without else ""
    return f"ticket_id IN ({id_list(ids)}){others}"


def _last_of(row: Sequence[Any], dialect: Dialect) -> LastPublic:
    _, customer_at, agent_at, customer_id, agent_id, latest_at = row
    return LastPublic(
        customer_at=instant_of(customer_at, dialect),
        agent_at=instant_of(agent_at, dialect),
        customer_id=customer_id,
        agent_id=agent_id,
        latest_at=instant_of(latest_at, dialect),
    )


def _newest(sender_type: str, column: str) -> str:
    """The greatest value of a column over what one side wrote publicly."""
    is_public = f"sender_type = '{sender_type}' AND is_internal = 0"
    return f"MAX(CASE WHEN {is_public} THEN {column} END)"


def to_message(row: Row[Any]) -> Message:
    """A row of ticket_messages as a value."""
    return Message(
        id=row.id,
        ticket_id=row.ticket_id,
        sender_id=row.sender_id,
        sender_type=row.sender_type,
        message=row.message,
        is_internal=bool(row.is_internal),
        read_at=row.read_at,
        created_at=row.created_at,
        updated_at=row.updated_at,
    )
