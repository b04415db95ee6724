"""A person's data as a stream of records, out of the database and out of the archive."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from savctl.domain.imports.records import Item
from savctl.domain.model.ticket import TICKET_COLUMNS, Ticket
from savctl.domain.privacy.disclosure import Disclosure, Kind, Record, foreign_messages
from savctl.domain.tickets.merge_links import went_into
from savctl.persistence.archive.index import Archived, archived_of
from savctl.persistence.engine import Database
from savctl.persistence.privacy.person_rows import ids_elsewhere, messages_elsewhere, tickets_of
from savctl.persistence.tickets.conversations import ATTACHMENT_COLUMNS, MESSAGE_COLUMNS
from savctl.persistence.tickets.integrity import snapshot
from savctl.usecases.archive.archived_tickets import ArchivedTicket, ArchivedTickets, moved
from savctl.usecases.archive.cold_storage import ColdStorage
from savctl.usecases.privacy.archive import reached_from


def records_of(database: Database, cold: ColdStorage, disclosure: Disclosure) -> Iterator[Item]:
    """Everything that is disclosed: each ticket is followed by its files, then its messages, each
    message on another's ticket by its files.

    The rows and the index of the archive are of one moment; cold storage is read after that
    transaction. What was merged into a ticket that is archived by now is found by the links.

    Raises:
        Damaged: a bundle of the archive does not hold what was written.
        Unavailable: a ticket was restored or merged meanwhile.
    """
    links: set[int] = set()
    message_ids: set[int] = set()
    archived: list[Archived] = []
    with snapshot(database) as connection:
        for ticket, hung, messages in tickets_of(connection, disclosure.user_id):
            links |= _link(ticket)
            yield from _ticket(disclosure, ticket, hung, messages, is_archived=False)
        for message, files in messages_elsewhere(connection, disclosure.user_id):
            message_ids.add(message["id"])
            yield from _elsewhere(message, files)
        archived = archived_of(connection, disclosure.user_id)
    cellar = ArchivedTickets(database, cold)
    for found in cellar.whole(archived):
        links |= _link(found.ticket)
        yield from _ticket(
            disclosure, found.ticket, found.attachments, found.messages, is_archived=True
        )
    reached = reached_from(cellar, database, links)
    yield from _archived_elsewhere(reached, disclosure.user_id, known=message_ids)
    with database.reading() as connection:
        if not ids_elsewhere(connection, disclosure.user_id) <= message_ids:
            raise moved()  # of a restored ticket neither the row was seen nor the line


def _archived_elsewhere(
    reached: Iterable[ArchivedTicket], user_id: int, *, known: set[int]
) -> Iterator[Item]:
    """What they wrote on others' tickets that are archived; what is `known` is left out."""
    for found in reached:
        if found.ticket.user_id != user_id:
            for message, files in found.written_by(user_id):
                if message["id"] not in known:  # else it was archived since the rows were read
                    yield from _elsewhere(message, files)


def _ticket(
    disclosure: Disclosure,
    ticket: Ticket,
    hung: Iterable[Record],
    messages: Iterable[Record],
    *,
    is_archived: bool,
) -> Iterator[Item]:
    foreign = foreign_messages(ticket.metadata)
    yield Kind.TICKET, ticket_record(ticket, disclosure, is_archived=is_archived)
    yield from files_of(disclosure, hung, foreign)
    yield from messages_of(disclosure, messages, foreign)


def _elsewhere(message: Record, files: Iterable[Record]) -> Iterator[Item]:
    yield Kind.ELSEWHERE, elsewhere_record(message)
    for row in files:
        yield Kind.FILE_ELSEWHERE, elsewhere_file(row, message["ticket_number"])


def _link(ticket: Ticket) -> set[int]:
    """The ticket that this one was merged into."""
    into = went_into(ticket.metadata)
    return set() if into is None else {into}


def ticket_record(ticket: Ticket, disclosure: Disclosure, *, is_archived: bool) -> Record:
    """A ticket's columns as the schema names them."""
    row: dict[str, object] = {
        name: getattr(ticket, name) for name in TICKET_COLUMNS if name != "metadata"
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
    record = {name: row[name] for name in (*names, "created_at", "updated_at", "file_path")}
    return {**record, "ticket_number": ticket_number}


def _is_disclosed(disclosure: Disclosure, row: Record, is_foreign: bool) -> bool:
    return disclosure.holds(
        sender_type=row["sender_type"],
        sender_id=row["sender_id"],
        is_internal=bool(row["is_internal"]),
        is_foreign=is_foreign,
    )
