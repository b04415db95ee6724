"""The conversation of a ticket: who wrote, when, the whole text, and the files."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import TYPE_CHECKING

from savctl.cli.framework.page import page, prose, section, size_words, title, when
from savctl.cli.views.html_text import readable
from savctl.cli.views.people import People, people

if TYPE_CHECKING:
    from savctl.cli.framework.context import CommandContext
    from savctl.domain.model.ticket import Ticket
    from savctl.persistence.tickets.messages import Message

FileRow = Mapping[str, object]


def conversation_page(call: CommandContext, ticket: Ticket, messages: Sequence[Message]) -> str:
    """The page of `message list`."""
    from savctl.persistence.tickets.reads import attachments_of

    with call.database.reading() as connection:
        files = attachments_of(connection, ticket.id)
    known = people(call.database, {message.sender_id for message in messages})
    return page(
        title(ticket.ticket_number, ticket.subject),
        conversation(messages, files, known, now=call.clock()),
    )


def conversation(
    messages: Sequence[Message],
    files: Iterable[FileRow],
    known: People,
    *,
    now: datetime,
    inside: int = 0,
) -> list[str]:
    """The messages in their order, an empty line between two of them; last the other files."""
    by_message: dict[object, list[FileRow]] = {}
    for row in files:
        by_message.setdefault(row["message_id"], []).append(row)
    blocks = [_message(m, by_message.get(m.id, ()), known, now, inside) for m in messages]
    others = [f"File: {file_line(row)}" for row in by_message.get(None, ())]
    text = page(*blocks, prose("\n".join(others), inside=inside))
    return text.split("\n") if text else []


def file_line(row: FileRow) -> str:
    """`photo.jpg, image/jpeg, 12.0 KiB (attachment 5)`."""
    size = row["file_size"]
    size_text = size_words(size) if isinstance(size, int) else "size unknown"
    return f"{row['original_name']}, {row['mime_type']}, {size_text} (attachment {row['id']})"


def _message(
    message: Message, files: Iterable[FileRow], known: People, now: datetime, inside: int
) -> list[str]:
    who = known.named(message.sender_id, role=message.sender_type)
    read = f"read {when(message.read_at, now)}" if message.read_at else "unread"
    parts = (
        f"{who}, {when(message.created_at, now) or 'time unknown'}",
        "INTERNAL NOTE" if message.is_internal else read,
        f"message {message.id}",
    )
    text = prose(readable(message.message), inside=inside + 1)
    text += [line for row in files for line in prose(f"File: {file_line(row)}", inside=inside + 1)]
    return section(", ".join(parts), text or ["(empty)"], inside=inside)
