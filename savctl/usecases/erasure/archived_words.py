"""Words of others on archived tickets go home, out of the bundle's lines (rules 16.4)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from savctl.domain.model.metadata import Metadata
from savctl.persistence.archive.snapshot_columns import columns_of
from savctl.persistence.archive.ticket_snapshot import TicketSnapshot, insert_parts
from savctl.persistence.unit_of_work import UnitOfWork
from savctl.usecases.erasure.going_home import (
    HomeWords,
    new_home,
    note_return,
    words_of_others,
)


def return_archived_words(
    uow: UnitOfWork, user_id: int, tickets: Mapping[int, TicketSnapshot], now: datetime
) -> int:
    """Insert them where they belong; answers how many messages."""
    pairs = [(i, Metadata.read(whole.ticket["metadata"])) for i, whole in tickets.items()]
    authors = {
        row["id"]: row["sender_id"]
        for whole in tickets.values()
        for row in whole.messages
        if row["sender_type"] == "customer"
    }
    found = words_of_others(uow, user_id, pairs, authors)
    return sum(
        _put(uow, tickets[ticket_id], words, now)
        for ticket_id, many in found.items()
        for words in many
    )


def _put(uow: UnitOfWork, whole: TicketSnapshot, words: HomeWords, now: datetime) -> int:
    origin = words.origin
    messages = [row for row in whole.messages if row["id"] in origin.messages]
    hung = [
        row
        for row in whole.attachments
        if row["message_id"] in origin.messages or row["id"] in origin.files
    ]
    if not messages and not hung:
        return 0
    text = next((m["message"] for m in messages if m["id"] == origin.description), None)
    home = words.home if words.home is not None else new_home(uow, words, text, now)
    ids = {row["id"] for row in hung}
    marks = [row for row in whole.files if row["attachment_id"] in ids]
    shown = [{**row, "is_internal": 0} if row["id"] in origin.hidden else row for row in messages]
    parts = TicketSnapshot({}, _moved(shown, home), _moved(hung, home), _moved(marks, home))
    insert_parts(uow.connection, columns_of(uow.connection), parts)
    note_return(uow, home, sorted(row["id"] for row in messages), len(hung), now)
    return len(messages)


def _moved(rows: Sequence[Mapping[str, Any]], home: int) -> list[dict[str, Any]]:
    return [{**row, "ticket_id": home} for row in rows]
