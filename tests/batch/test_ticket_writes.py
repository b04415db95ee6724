"""Where other nodes take writes too, who changes a ticket writes a row for it (rules 19.4)."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator

import pytest
from sqlalchemy import event

from savctl.domain.model.states import Status
from savctl.persistence.connections.cluster import is_cluster
from savctl.persistence.engine import Database
from savctl.ports import SetClock
from tests.batch.test_lost_commit import CASES, Desk, Words, desk
from tests.conftest import Cli
from tests.given import BOSS, CUSTOMER, Snapshot, brought_to, created, rows, snapshot, write
from tests.tickets.talk import merge, say

__all__ = ["desk"]  # a fixture
pytestmark = pytest.mark.only_on("mariadb", "mysql")

# The place of the ticket's id in the rows of each table.
OF_TICKETS = {
    "support_tickets": 0,
    "ticket_messages": 1,
    "ticket_attachments": 1,
    "savctl_files": 1,
}


def _bulk(desk: Desk) -> Words:
    for _ in range(3):
        desk.ticket()
    return ("ticket", "bulk", "resolve", "--all", "--as", BOSS, "--yes")


def _answered(desk: Desk) -> Words:
    number = desk.ticket(Status.RESOLVED).ticket_number
    sender = ("--from", f"customer:{CUSTOMER}")
    return ("message", "add", number, *sender, "--body", "It came back.")


MORE: dict[str, Callable[[Desk], Words]] = {"bulk": _bulk, "answer to a solution": _answered}


@pytest.fixture
def as_cluster(database: Database, database_url: str) -> Iterator[Database]:
    """The same empty database, taken for a node of a cluster."""
    found = Database(database_url, is_cluster=True)
    yield found
    found.close()


def written(database: Database) -> dict[int, int]:
    found = rows(database, "SELECT ticket_id, writes FROM savctl_ticket_writes")
    return {row["ticket_id"]: row["writes"] for row in found}


def touched(before: Snapshot, after: Snapshot) -> set[int]:
    """Tickets that were there before of which a row was changed, removed or added."""
    there = {row[0] for row in before["support_tickets"]}
    return there & {
        row[place]
        for table, place in OF_TICKETS.items()
        for row in set(before[table]) ^ set(after[table])
    }


@pytest.mark.parametrize("case", [*CASES, *MORE])
def test_every_ticket_that_a_command_touches_has_its_row_written(
    cli: Cli, desk: Desk, case: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SAVCTL_BATCH_SIZE", "2")
    words = (CASES | MORE)[case](desk)
    before = snapshot(desk.database)
    assert written(desk.database) == {}
    monkeypatch.setenv("SAVCTL_DATABASE_CLUSTER", "yes")

    assert cli(*words).code == 0

    found = touched(before, snapshot(desk.database))
    adds_only = {"create", "create with a file", "import", "cache-cleanup", "skip an event"}
    assert bool(found) == (case not in adds_only)
    assert found <= written(desk.database).keys()


def test_a_batch_writes_no_rows_of_tickets_that_it_only_looks_at(
    cli: Cli, database: Database, clock: SetClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    due = brought_to(database, clock, Status.WAITING_CUSTOMER)
    answered = brought_to(database, clock, Status.WAITING_CUSTOMER)
    write(
        database,
        "INSERT INTO ticket_messages (ticket_id, sender_id, sender_type, message, is_internal, "
        f"created_at, updated_at) VALUES ({answered.id}, {CUSTOMER}, 'customer', 'Yes.', 0, "
        "'2025-10-03 11:00:00', '2025-10-03 11:00:00')",
    )
    monkeypatch.setenv("SAVCTL_DATABASE_CLUSTER", "yes")

    outcome = cli("job", "run", "auto-close", "--yes", "-o", "json")

    assert json.loads(outcome.out)["changed"] == 1
    assert written(database).keys() == {due.id}


def test_each_change_counts_up_so_that_the_row_always_differs(
    as_cluster: Database, clock: SetClock
) -> None:
    ticket, other = created(as_cluster, clock), created(as_cluster, clock)
    assert written(as_cluster) == {}  # nobody else knows them yet

    counts = []
    for _ in range(3):
        say(as_cluster, clock, ticket, "Any news?")
        counts.append(written(as_cluster)[ticket.id])
    merge(as_cluster, clock, ticket, into=other)

    assert counts == [1, 2, 3]
    assert written(as_cluster) == {ticket.id: 4, other.id: 1}


def test_a_single_server_is_asked_once_for_each_connection_and_writes_none(
    database: Database, clock: SetClock
) -> None:
    asked: list[str] = []
    event.listen(
        database.engine, "before_cursor_execute", lambda *given: asked.append(str(given[2]))
    )

    for _ in range(3):
        ticket = created(database, clock)
        say(database, clock, ticket, "Any news?")

    assert written(database) == {}
    assert len([one for one in asked if "wsrep_on" in one]) == 1
    with database.reading() as connection:
        assert not is_cluster(connection)


def test_rows_of_a_day_ago_leave_with_the_cache_cleanup(
    cli: Cli, database: Database, as_cluster: Database, clock: SetClock
) -> None:
    old, new = created(database, clock), created(database, clock)
    for ticket in (old, new):
        say(as_cluster, clock, ticket, "Any news?")
    long_ago = "UTC_TIMESTAMP() - INTERVAL 25 HOUR"
    write(
        database,
        f"UPDATE savctl_ticket_writes SET written_at = {long_ago} WHERE ticket_id = {old.id}",
    )

    outcome = cli("job", "run", "cache-cleanup", "-o", "json")

    assert "savctl_ticket_writes" in outcome.out
    assert written(database).keys() == {new.id}
