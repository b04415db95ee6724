"""A person's data as a stream of records, from every place that holds tickets.

A place that comes later (an archive) is one more `Source` in `sources`.
"""

from __future__ import annotations

import json
import tempfile
from collections.abc import Callable, Iterable, Iterator
from datetime import datetime
from heapq import merge
from itertools import groupby
from typing import IO, Protocol

from savctl.domain.clock import second_text
from savctl.domain.disclosure import Disclosure, Kind, Record, foreign_messages
from savctl.domain.metadata import encode
from savctl.domain.records import Item
from savctl.domain.ticket import Ticket
from savctl.persistence.conversations import ATTACHMENT_COLUMNS, MESSAGE_COLUMNS
from savctl.persistence.engine import Database
from savctl.persistence.integrity import snapshot
from savctl.persistence.person_rows import messages_elsewhere, tickets_of
from savctl.usecases.ticket_lines import COLUMNS


class Source(Protocol):
    """A place that holds tickets."""

    def records(self, disclosure: Disclosure) -> Iterator[Item]:
        """What is disclosed of it: tickets by id, each followed by its files, then its messages;
        after all tickets the messages elsewhere, each followed by its files."""
        ...


class HotTickets:
    """The tickets of the database, as they all were at one moment."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def records(self, disclosure: Disclosure) -> Iterator[Item]:
        """Theirs, and what they wrote on others'."""
        with snapshot(self._database) as connection:
            for ticket, hung, said in tickets_of(connection, disclosure.user_id):
                yield Kind.TICKET, ticket_record(ticket, disclosure, is_archived=False)
                foreign = foreign_messages(ticket.metadata)
                yield from files_of(disclosure, hung, foreign)
                yield from messages_of(disclosure, said, foreign)
            for message, files in messages_elsewhere(connection, disclosure.user_id):
                yield Kind.ELSEWHERE, elsewhere_record(message)
                for row in files:
                    yield Kind.FILE_ELSEWHERE, elsewhere_file(row, message["ticket_number"])


def ticket_record(ticket: Ticket, disclosure: Disclosure, *, is_archived: bool) -> Record:
    """A ticket's columns as the specification names them."""
    row: dict[str, object] = {
        name: ticket.number if name == "ticket_number" else getattr(ticket, name)
        for name in COLUMNS
        if name != "metadata"
    }
    row["metadata"] = disclosure.metadata(ticket.metadata)
    row["archived"] = is_archived
    return row


def messages_of(
    disclosure: Disclosure, rows: Iterable[Record], foreign: frozenset[int]
) -> Iterator[Item]:
    """The messages that are disclosed of one ticket's, in their order.

    `foreign` are the ids of those that came from another customer's ticket.
    """
    for row in rows:
        if _is_disclosed(disclosure, row, row["id"] in foreign):
            record = {name: row[name] for name in MESSAGE_COLUMNS}
            record["is_internal"] = bool(row["is_internal"])
            yield Kind.MESSAGE, record


def files_of(
    disclosure: Disclosure, rows: Iterable[Record], foreign: frozenset[int]
) -> Iterator[Item]:
    """The attachment records that are disclosed of one ticket's.

    Each row also has `deleted_at` and `sender_type`, `sender_id`, `is_internal` of the message
    it hangs on, all None where it hangs on the ticket itself.
    """
    for row in rows:
        on_ticket = row["sender_type"] is None
        if on_ticket or _is_disclosed(disclosure, row, row["message_id"] in foreign):
            yield Kind.FILE, {name: row[name] for name in (*ATTACHMENT_COLUMNS, "deleted_at")}


def elsewhere_record(row: Record) -> Record:
    """A message on another's ticket, of which the number is all that is disclosed."""
    names = ("ticket_number", "id", "message", "created_at", "updated_at")
    return {name: row[name] for name in names}


def elsewhere_file(row: Record, ticket_number: str) -> Record:
    """A file on such a message; its key may name the other's ticket, so it is kept aside."""
    names = ("id", "message_id", "original_name", "mime_type", "file_size")
    told = {name: row[name] for name in (*names, "created_at", "updated_at", "file_path")}
    return {**told, "ticket_number": ticket_number}


class Spool:
    """Records on the disk, in a file without a name, so that they can be read several times."""

    def __init__(self) -> None:
        self._file: IO[bytes] = tempfile.TemporaryFile()  # noqa: SIM115 - closed by `close`

    def fill(self, records: Iterable[Item], on_record: Callable[[Kind, Record], None]) -> None:
        """Write records behind those that are there."""
        for kind, record in records:
            told = {
                name: second_text(value) if isinstance(value, datetime) else value
                for name, value in record.items()
            }
            on_record(kind, told)
            self._file.write(f"{encode([kind, told])}\n".encode())

    def __iter__(self) -> Iterator[Item]:
        """From the start; one reader at a time."""
        self._file.seek(0)
        for line in self._file:
            kind, record = json.loads(line)
            yield Kind(kind), record

    def close(self) -> None:
        """Forget it all."""
        self._file.close()


def in_order(spools: Iterable[Spool]) -> Iterator[Item]:
    """Those of all sources together: tickets by id, then the messages elsewhere by id."""
    for _, items in merge(*map(_groups, spools), key=lambda group: group[0]):
        yield from items


def _groups(spool: Spool) -> Iterator[tuple[tuple[bool, int], Iterator[Item]]]:
    """A ticket or a message elsewhere with all that follows it."""
    place = (False, 0)

    def place_of(item: Item) -> tuple[bool, int]:
        nonlocal place
        if item[0] in {Kind.TICKET, Kind.ELSEWHERE}:
            place = (item[0] is Kind.ELSEWHERE, item[1]["id"])
        return place

    yield from groupby(spool, key=place_of)


def _is_disclosed(disclosure: Disclosure, row: Record, is_foreign: bool) -> bool:
    return disclosure.holds(
        sender_type=row["sender_type"],
        sender_id=row["sender_id"],
        is_internal=bool(row["is_internal"]),
        is_foreign=is_foreign,
    )


def sources(database: Database) -> list[Source]:
    """Every place that holds tickets."""
    return [HotTickets(database)]
