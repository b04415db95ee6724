"""The conversation of a ticket (spec: ticket_messages)."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Connection,
    Row,
    and_,
    case,
    false,
    func,
    insert,
    select,
    update,
)

from savctl.domain.closing import LastPublic
from savctl.persistence.tables import ticket_attachments, ticket_messages
from savctl.persistence.tickets import new_id

_M = ticket_messages.c


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
        result = self._connection.execute(insert(ticket_messages).values(**values))
        return Message(id=new_id(result), read_at=None, **values)

    def insert_many(self, rows: Sequence[dict[str, Any]]) -> None:
        """Store many messages of imported tickets."""
        if rows:
            self._connection.execute(insert(ticket_messages), rows)

    def of_ticket(
        self, ticket_id: int, *, limit: int | None = None, public_only: bool = False
    ) -> list[Message]:
        """The conversation in the order it was written."""
        query = select(ticket_messages).where(_M.ticket_id == ticket_id)
        query = query.order_by(_M.created_at, _M.id)
        if public_only:
            query = query.where(_M.is_internal == false())
        if limit:
            query = query.limit(limit)
        return [to_message(row) for row in self._connection.execute(query)]

    def last_public(self, ticket_ids: Iterable[int]) -> dict[int, LastPublic]:
        """When each side last wrote publicly, for many tickets with one query."""
        query = (
            select(_M.ticket_id, _newest("customer"), _newest("agent"))
            .where(_M.ticket_id.in_(list(ticket_ids)), _M.is_internal == false())
            .group_by(_M.ticket_id)
        )
        return {
            ticket_id: LastPublic(customer_at=customer_at, agent_at=agent_at)
            for ticket_id, customer_at, agent_at in self._connection.execute(query)
        }

    def first_answers(self, ticket_ids: Iterable[int]) -> dict[int, datetime]:
        """When an agent first wrote publicly, for many tickets with one query."""
        query = (
            select(_M.ticket_id, func.min(_M.created_at))
            .where(
                _M.ticket_id.in_(list(ticket_ids)),
                _M.sender_type == "agent",
                _M.is_internal == false(),
            )
            .group_by(_M.ticket_id)
        )
        found = self._connection.execute(query)
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
        return int(result.rowcount)

    def count_attachments(self, message_id: int) -> int:
        """How many files hang on a message."""
        query = select(func.count()).where(ticket_attachments.c.message_id == message_id)
        return int(self._connection.execute(query).scalar_one())


def _newest(sender_type: str) -> ColumnElement[datetime]:
    return func.max(case((_M.sender_type == sender_type, _M.created_at)))


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
