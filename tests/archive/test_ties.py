"""Rows of others that hang on an old ticket: a foreign key would delete them with it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from savctl.persistence.engine import Database
from savctl.ports import SetClock
from savctl.usecases.archive.cold_storage import DEFAULT_PREFIX, ColdStorage
from tests.archive.support import archive, archived_ids, hot_ids, old_tickets
from tests.archive.test_changed_meanwhile import Watched
from tests.archive.test_retention import LAPSED, retain
from tests.given import DAY, rows, write

# Message 1 is on ticket 1; the ticket of the attachment is young.
ACROSS = (
    "INSERT INTO ticket_attachments (ticket_id, message_id, original_name, filename, file_path, "
    "mime_type, file_size, created_at, updated_at) VALUES ({on}, {message}, 'a.txt', 'a.txt', "
    "'tickets/3/a.txt', 'text/plain', 1, '2025-01-01', '2025-01-01')"
)
THEIRS = (
    "CREATE TABLE ratings (ticket_id BIGINT {unsigned} NOT NULL, "
    "FOREIGN KEY (ticket_id) REFERENCES support_tickets (id) ON DELETE CASCADE)"
)


@pytest.fixture
def watched(tmp_path: Path, clock: SetClock) -> Iterator[Watched]:
    found = Watched(tmp_path / "files", clock)
    yield found
    found.close()


@pytest.fixture
def ratings(database: Database) -> Iterator[str]:
    """Another program's table onto ours; answers how to write into it."""
    write(database, THEIRS.format(unsigned="" if database.is_sqlite else "UNSIGNED"))
    yield "INSERT INTO ratings VALUES (1)"
    write(database, "DROP TABLE ratings")


def young(database: Database, clock: SetClock) -> int:
    """A ticket that nobody archives."""
    return old_tickets(database, 1, first=900, closed_at=clock() - DAY)[0]


@pytest.mark.parametrize("is_on_old", [False, True], ids=["their file", "their message"])
def test_an_attachment_between_an_old_ticket_and_another_one_keeps_the_old_one(
    database: Database, clock: SetClock, watched: Watched, is_on_old: bool
) -> None:
    old_tickets(database, 2)
    other = young(database, clock)
    (last,) = rows(database, "SELECT MAX(id) AS id FROM ticket_messages")
    on, message = (1, last["id"]) if is_on_old else (other, 1)
    write(database, ACROSS.format(on=on, message=message))
    (attached,) = rows(database, "SELECT id FROM ticket_attachments")

    report = archive(database, clock, ColdStorage(watched, DEFAULT_PREFIX))

    assert (hot_ids(database), archived_ids(database)) == ({1, other}, {2})
    (skipped,) = report.items
    assert skipped.reason == (
        f"attachment {attached['id']} and its message are on two tickets, this one and ticket "
        f"{other}: put either right"
    )
    assert rows(database, "SELECT id FROM ticket_attachments") == [attached]


def test_a_file_that_comes_from_another_ticket_while_it_is_archived_is_not_lost(
    database: Database, clock: SetClock, watched: Watched
) -> None:
    old_tickets(database, 2)
    other = young(database, clock)
    watched.on_read = lambda: write(database, ACROSS.format(on=other, message=1))

    report = archive(database, clock, ColdStorage(watched, DEFAULT_PREFIX))

    assert (hot_ids(database), archived_ids(database)) == ({1, other}, {2})
    assert ["are on two tickets" in str(item.reason) for item in report.items] == [True]
    assert rows(database, "SELECT ticket_id FROM ticket_attachments") == [{"ticket_id": other}]


def test_a_row_of_another_program_that_comes_while_it_is_archived_is_not_lost(
    database: Database, clock: SetClock, watched: Watched, ratings: str
) -> None:
    old_tickets(database, 2)
    watched.on_read = lambda: write(database, ratings)

    report = archive(database, clock, ColdStorage(watched, DEFAULT_PREFIX))

    assert (hot_ids(database), archived_ids(database)) == ({1}, {2})
    (skipped,) = report.items
    assert skipped.reason == "rows of another program's table ratings refer to it"
    assert rows(database, "SELECT ticket_id FROM ratings") == [{"ticket_id": 1}]


def test_retention_does_not_take_another_tickets_file_along(
    database: Database, clock: SetClock, watched: Watched
) -> None:
    old_tickets(database, 2, closed_at=LAPSED)
    other = young(database, clock)
    write(database, ACROSS.format(on=other, message=1))

    report = retain(database, clock, ColdStorage(watched, DEFAULT_PREFIX))

    assert hot_ids(database) == {1, other}
    assert ["are on two tickets" in str(item.reason) for item in report.items] == [True]
    assert rows(database, "SELECT ticket_id FROM ticket_attachments") == [{"ticket_id": other}]
