"""An archived ticket as a page, read from its bundle: nobody's name is looked up."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from savctl.cli.framework.page import named, page, prose, section, title, when
from savctl.cli.views.conversation import conversation
from savctl.cli.views.history import history_lines
from savctl.cli.views.html_text import readable
from savctl.cli.views.metadata import metadata_values
from savctl.cli.views.people import People
from savctl.domain.clock import instant
from savctl.domain.model.metadata import Metadata
from savctl.persistence.tickets.messages import Message

_OWN_PLACE = frozenset(
    ("ticket_number", "subject", "description", "metadata", "messages", "attachments", "archived")
)


def archived_page(row: Mapping[str, Any], metadata: Metadata, *, now: datetime) -> str:
    """The ticket with its conversation, files and history."""
    nobody = People({})
    messages = [_message(message) for message in row["messages"]]
    archived = row["archived"]
    return page(
        title(row["ticket_number"], row["subject"]),
        named(
            [
                ("archived", when(archived["at"], now)),
                ("bundle", archived["bundle"]),
                *((name, _value(name, row[name], now)) for name in row if name not in _OWN_PLACE),
                *metadata_values(metadata),
            ]
        ),
        section("Description", prose(readable(row["description"]), inside=1)),
        section(
            f"Conversation ({len(messages)})",
            conversation(messages, row["attachments"], nobody, now=now, inside=1),
        ),
        section("History", history_lines(metadata.history, nobody, inside=1)),
    )


def _value(name: str, value: object, now: datetime) -> object:
    moment = _moment(value) if name.endswith("_at") else None
    return when(moment, now) if moment is not None else value


def _message(row: Mapping[str, Any]) -> Message:
    values: dict[str, Any] = {name: row.get(name) for name in Message.__slots__}
    for name in ("read_at", "created_at", "updated_at"):
        values[name] = _moment(values[name])
    return Message(**values)


def _moment(value: object) -> datetime | None:
    return value if isinstance(value, datetime) else instant(value)
