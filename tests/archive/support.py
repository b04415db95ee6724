"""A shop with old closed tickets, and every row of it told place by place."""

from __future__ import annotations

import io
import json
from datetime import datetime, timedelta
from typing import Any

from savctl.domain.age import Age
from savctl.domain.model.history import Action, HistoryEntry
from savctl.domain.model.metadata import EMPTY, Metadata
from savctl.domain.model.states import Status
from savctl.persistence.bulk import insert_rows, insert_tickets
from savctl.persistence.engine import Database
from savctl.persistence.schema.tables import files, ticket_attachments, ticket_messages
from savctl.ports import Clock, ObjectStore
from savctl.usecases.archive.archiving import archive_tickets
from savctl.usecases.archive.cold_storage import ColdStorage
from savctl.usecases.batch.batches import BatchContext
from savctl.usecases.batch.report import BatchReport
from tests.conftest import Cli
from tests.given import AGENT, CUSTOMER, DAY, NOW, a_ticket, rows

LONG_AGO = NOW - 400 * DAY
LAPSED = LONG_AGO.replace(year=2017)  # more than 7 years, whenever the tests run
YEAR = Age(years=1)
TABLES = ("support_tickets", "ticket_messages", "ticket_attachments", "savctl_files")

Rows = dict[str, dict[int, dict[str, Any]]]


def closed_metadata(number: int, at: datetime) -> Metadata:
    """A history, and members of another program in its own spelling."""
    entries = (
        HistoryEntry(at=at - 2 * DAY, actor=AGENT, action=Action.CREATED, after="open"),
        HistoryEntry(at=at, actor=None, action=Action.STATUS, before="open", after="closed"),
    )
    foreign = f'{{"price": 1.10, "tags": ["a", "é😀"], "n": {number}}}'
    return Metadata.read(foreign).with_history(entries)


def old_tickets(
    database: Database,
    count: int,
    *,
    first: int = 1,
    closed_at: datetime = LONG_AGO,
    messages: int = 3,
    attachments_each: int = 10,
) -> list[int]:
    """Closed tickets with messages, every so manieth with two attachments; answers their ids."""
    made: list[int] = []
    for start in range(first, first + count, 1000):
        numbers = range(start, min(start + 1000, first + count))
        chunk = [
            a_ticket(
                Status.CLOSED,
                ticket_number=f"TKT-{n:06d}",
                user_id=CUSTOMER + n % 50,
                order_id=n if n % 2 else None,
                description=f"It's broken: \x1b[31m {n}\nreally",
                closed_at=closed_at,
                created_at=closed_at - 3 * DAY,
                updated_at=closed_at,
                metadata=closed_metadata(n, closed_at) if n % 7 else EMPTY,
            )
            for n in numbers
        ]
        made += database.transaction(lambda c, chunk=chunk: insert_tickets(c, chunk))  # type: ignore[misc]
    for start in range(0, len(made), 1000):
        some = made[start : start + 1000]
        database.transaction(lambda c, some=some: _parts(c, some, messages, attachments_each))  # type: ignore[misc]
    return made


def _parts(connection: Any, ids: list[int], messages: int, attachments_each: int) -> None:
    at = "2024-08-30 10:30:00"
    values = [
        (i, CUSTOMER, "agent" if m % 2 else "customer", f"Ünïcode {m} 'q' \\ {i}", m == 2, at, at)
        for i in ids
        for m in range(messages)
    ]
    columns = (
        "ticket_id",
        "sender_id",
        "sender_type",
        "message",
        "is_internal",
        "created_at",
        "updated_at",
    )
    insert_rows(connection, ticket_messages, columns, values)
    attached = [
        (i, None, f"photo {k}.jpg", f"{k}.jpg", key_of(i, k), "image/jpeg", 1234, at, at)
        for i in ids
        if i % attachments_each == 0
        for k in range(2)
    ]
    file_columns = (
        "ticket_id",
        "message_id",
        "original_name",
        "filename",
        "file_path",
        "mime_type",
        "file_size",
        "created_at",
        "updated_at",
    )
    insert_rows(connection, ticket_attachments, file_columns, attached)
    query = "SELECT id, ticket_id FROM ticket_attachments ORDER BY id"
    known = {
        row[0] for row in connection.exec_driver_sql("SELECT attachment_id FROM savctl_files")
    }
    marks = [
        (row[0], row[1], f"{row[0]:064d}")
        for row in connection.exec_driver_sql(query)
        if row[0] % 2 and row[0] not in known
    ]
    insert_rows(connection, files, ("attachment_id", "ticket_id", "sha256"), marks)


def key_of(ticket_id: int, number: int) -> str:
    """Where the file of an attachment lies."""
    return f"tickets/{ticket_id}/{number:032x}.jpg"


def put_files(database: Database, store: ObjectStore) -> int:
    """Store an object for every attachment."""
    found = rows(database, "SELECT file_path FROM ticket_attachments")
    for row in found:
        store.put(row["file_path"], io.BytesIO(b"jpg"), size_bytes=3, content_type="image/jpeg")
    return len(found)


def archive(
    database: Database,
    clock: Clock,
    cold: ColdStorage,
    *,
    size: int = 1000,
    bundle_tickets: int = 1000,
    **terms: Any,
) -> BatchReport:
    """One run of the archive job, without its brake."""
    report = BatchReport(lists_changes=bool(terms.get("dry_run")))
    archive_tickets(
        database,
        clock,
        cold,
        after=YEAR,
        terms=BatchContext(report=report, size=size, **terms),
        bundle_tickets=bundle_tickets,
    )
    return report


def all_rows(database: Database) -> Rows:
    """Every row of a ticket's tables by table and id, as the driver reads it."""
    return {
        table: {
            row["id" if "id" in row else "attachment_id"]: row
            for row in rows(database, f"SELECT * FROM {table}")
        }
        for table in TABLES
    }


def hot_ids(database: Database) -> set[int]:
    return {row["id"] for row in rows(database, "SELECT id FROM support_tickets")}


def archived_ids(database: Database) -> set[int]:
    return {
        r["ticket_id"] for r in rows(database, "SELECT ticket_id FROM savctl_archived_tickets")
    }


def bundle_states(database: Database) -> list[str]:
    return [
        r["state"] for r in rows(database, "SELECT state FROM savctl_archive_bundles ORDER BY id")
    ]


def lines_in(cold: ColdStorage) -> list[dict[str, Any]]:
    """Every line of every bundle that lies in cold storage."""
    return [json.loads(line) for one in cold.objects() for line in cold.lines(one.key)]


def answer_of(cli: Cli, *words: object) -> Any:
    """What a command answers that ends well."""
    outcome = cli(*words, "-o", "json")
    assert outcome.code == 0, outcome.err
    return json.loads(outcome.out)


def within(span: timedelta) -> datetime:
    """An instant so long before the tests' now."""
    return NOW - span
