"""Messages and files that change their ticket, set-wise: ids, times and senders stay.

The caller holds the row locks of all tickets. Objects in the bucket do not move: nothing may
infer a file's ticket from its key (rules 6.3).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import (
    BindParameter,
    Connection,
    bindparam,
    literal_column,
    null,
    select,
    union_all,
    update,
)

from savctl.domain.model.ticket import Ticket
from savctl.domain.tickets.merging import Line
from savctl.persistence.bulk import insert_rows, long_text, rows_in, update_in
from savctl.persistence.noted_tickets import note_changed
from savctl.persistence.schema.tables import (
    files,
    support_tickets,
    ticket_attachments,
    ticket_messages,
)
from savctl.persistence.sql import chunks
from savctl.persistence.types import time_text
from savctl.persistence.visibility import seen_tickets

_T, _M, _F = support_tickets.c, ticket_messages.c, ticket_attachments.c
_DESCRIPTION = (
    "ticket_id",
    "sender_id",
    "sender_type",
    "message",
    "is_internal",
    "created_at",
    "updated_at",
)
_OF_THESE: BindParameter[int] = bindparam("ids", expanding=True)
_HANGING = union_all(  # made once, see tickets.py
    select(
        literal_column("0").label("is_file"),
        *(_M.id, _M.ticket_id, _M.sender_type, _M.is_internal, _M.created_at),
        null().label("message_id"),
    ).where(_M.ticket_id.in_(_OF_THESE)),
    select(
        *(literal_column("1"), _F.id, _F.ticket_id, null(), null(), null(), _F.message_id)
    ).where(_F.ticket_id.in_(_OF_THESE)),
)
_CHUNK = 10_000  # ids in one statement


@dataclass(frozen=True, slots=True, kw_only=True)
class FileAt:
    """An attachment and where it hangs; on no message where that is None."""

    id: int
    ticket_id: int
    message_id: int | None


class Moves:
    """What is moved in one transaction."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def descriptions(self, tickets: Sequence[Ticket], *, now: datetime) -> None:
        """Store each ticket's description as a message of its customer, at its creation.

        `now` stands in for a creation that another program left without its time.
        """
        rows = []
        for ticket in tickets:
            at = time_text(ticket.created_at or ticket.updated_at or now)
            description = long_text(self._connection, ticket.description)
            rows.append((ticket.id, ticket.user_id, "customer", description, 0, at, at))
        insert_rows(self._connection, ticket_messages, _DESCRIPTION, rows)

    def hanging(self, ticket_ids: Sequence[int]) -> tuple[dict[int, list[Line]], list[FileAt]]:
        """What hangs on these tickets: the messages of each in the order of their ids, without
        their text, and all attachments."""
        lines: dict[int, list[Line]] = {ticket_id: [] for ticket_id in ticket_ids}
        files = []
        rows = self._connection.execute(_HANGING, {"ids": list(ticket_ids)})
        for is_file, row_id, ticket_id, side, is_internal, at, message_id in rows:
            if is_file:
                files.append(FileAt(id=row_id, ticket_id=ticket_id, message_id=message_id))
                continue
            line = Line(
                id=row_id, ticket_id=ticket_id, side=side, is_internal=bool(is_internal), at=at
            )
            lines[ticket_id].append(line)
        for found in lines.values():
            found.sort(key=lambda line: line.id)
        return lines, files

    def hide(self, ticket_ids: Sequence[int]) -> None:
        """Make every message of these tickets an internal note."""
        note_changed(self._connection, ticket_ids)
        update_in(self._connection, ticket_messages, "ticket_id", ticket_ids, is_internal=1)

    def hang(self, file_ids: Sequence[int], message_id: int) -> None:
        """Hang files on a message, so that they share its readers."""
        update_in(self._connection, ticket_attachments, "id", file_ids, message_id=message_id)

    def messages_to(self, ticket_id: int, *, of: Sequence[int]) -> int:
        """Move every message of these tickets; answers how many."""
        note_changed(self._connection, [ticket_id, *of])
        return update_in(self._connection, ticket_messages, "ticket_id", of, ticket_id=ticket_id)

    def files_to(self, ticket_id: int, *, of: Sequence[int]) -> None:
        """Move every attachment of these tickets, soft-deleted ones as well."""
        note_changed(self._connection, [ticket_id, *of])
        for table in (ticket_attachments, files):
            update_in(self._connection, table, "ticket_id", of, ticket_id=ticket_id)

    def some(
        self, message_ids: Sequence[int], file_ids: Sequence[int], *, of: int, to: int
    ) -> tuple[int, int]:
        """Move these messages of a ticket with the files on them, and those of these files that
        hang on no message of it; answers how many of each."""
        note_changed(self._connection, [of, to])
        messages = moved = 0
        for ids in chunks(message_ids, _CHUNK):
            messages += update_in(self._connection, ticket_messages, "id", ids, ticket_id=to)
            moved += update_in(
                self._connection, ticket_attachments, "message_id", ids, ticket_id=to
            )
        loose = update(ticket_attachments).where(_F.id.in_(list(file_ids)), _F.ticket_id == of)
        loose = loose.where(_F.message_id.is_(None)).values(ticket_id=to)
        moved += self._connection.execute(loose).rowcount if file_ids else 0
        if moved:
            here = select(_F.id).where(_F.ticket_id == to)
            there = list(self._connection.execute(here).scalars())
            update_in(self._connection, files, "attachment_id", there, ticket_id=to)
        return messages, moved

    def show(self, message_ids: Sequence[int]) -> None:
        """Make notes public again that a merge had hidden."""
        for ids in chunks(message_ids, _CHUNK):
            update_in(self._connection, ticket_messages, "id", ids, is_internal=0)

    def whereabouts(self, message_ids: Sequence[int]) -> dict[int, int]:
        """The tickets of those of these messages that exist for the requester."""
        seen = seen_tickets(self._connection)
        there = [_M.ticket_id.in_(select(_T.id).where(*seen))] if seen else []
        found: dict[int, int] = {}
        for ids in chunks(message_ids, _CHUNK):
            query = select(_M.id, _M.ticket_id).where(_M.id.in_(list(ids)), *there)
            found |= {row[0]: row[1] for row in self._connection.execute(query)}
        return found

    def authors(self, message_ids: Sequence[int]) -> dict[int, int]:
        """Who wrote those of these messages that exist, wherever they are by now."""
        if not message_ids:
            return {}
        rows = rows_in(self._connection, ticket_messages, ("id", "sender_id"), message_ids)
        return {row[0]: row[1] for row in rows}

    def text_of(self, message_id: int) -> str:
        """The text of a message."""
        query = select(_M.message).where(_M.id == message_id)
        return str(self._connection.execute(query).scalar_one())
