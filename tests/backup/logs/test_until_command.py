"""A ticket that is younger than the backup comes back through the copied logs (rules 17.4)."""

from __future__ import annotations

import json
from datetime import UTC, datetime

import pytest

from savctl.domain.backup.log_positions import LogPosition
from savctl.persistence.engine import Database
from tests.backup.logs.conftest import NAME, here, sql
from tests.backup.support import answer, create
from tests.conftest import Cli
from tests.given import created, rows


def test_a_ticket_that_is_younger_than_the_backup_comes_back(
    live_cli: Cli, live: Database
) -> None:
    backup = str(create(live_cli)["id"])
    ticket = created(live, lambda: datetime.now(UTC))
    place = here(live)
    sql(live, f"DELETE FROM support_tickets WHERE id = {ticket.id}")
    assert live_cli("job", "run", "binlog-backup", "--quiet").code == 0
    restore = ("backup", "restore", backup, "--ticket", ticket.ticket_number, "--as", 5)

    assert live_cli(*restore).code == 4
    late = live_cli(*restore, "--until", f"{place.log}:99999999")
    assert (late.code, "it reaches from" in late.err) == (5, True)
    done = answer(live_cli(*restore, "--until", str(place), "-o", "json"))

    assert (done["was_missing"], done["changed"]) == (True, True)
    (row,) = rows(live, "SELECT id, ticket_number FROM support_tickets")
    assert (row["id"], row["ticket_number"]) == (ticket.id, ticket.ticket_number)
    assert rows(live, f"SHOW DATABASES LIKE 'savctl_restore_{backup}'") == []


@pytest.fixture
def accident(live_cli: Cli, live: Database) -> tuple[str, LogPosition]:
    """A backup, a ticket that is younger, and a table that was dropped behind both."""
    created(live, lambda: datetime.now(UTC))
    backup = str(create(live_cli)["id"])
    created(live, lambda: datetime.now(UTC), subject="younger")
    place = here(live)
    created(live, lambda: datetime.now(UTC), subject="later than the moment")
    sql(live, "UPDATE savctl_outbox SET published_at = UTC_TIMESTAMP()")
    sql(live, "SET SESSION foreign_key_checks = 0", "DROP TABLE ticket_messages")
    sql(live, "UPDATE support_tickets SET subject = 'after'")
    assert live_cli("job", "run", "binlog-backup", "--quiet").code == 0
    live.close()  # nobody else is connected
    return backup, place


@pytest.mark.parametrize("where", ["beside", "in place"])
def test_a_whole_database_comes_back_as_it_was_before_a_table_was_dropped(
    live_cli: Cli, live: Database, accident: tuple[str, LogPosition], where: str
) -> None:
    backup, place = accident
    name = f"{NAME}_restored"
    to = ("--into", name) if where == "beside" else ("--in-place", "--confirm", NAME)
    restore = ("backup", "restore", backup, *to, "--until", place)

    assert live_cli(*restore, "--dry-run").code == 0
    done = live_cli(*restore, "-o", "json")

    assert done.code == 0, done.err
    (events,) = [step for step in json.loads(done.out)["steps"] if " event" in step]
    assert events.startswith(
        "2 events marked as sent, 0 events held; 1 event sent of changes that are not restored"
        if where == "in place"
        else "0 events marked as sent, 2 events held"
    )
    url = live.url.set(database=name if where == "beside" else NAME)
    restored = Database(url.render_as_string(hide_password=False))
    subjects = [row["subject"] for row in rows(restored, "SELECT subject FROM support_tickets")]
    assert subjects == ["Order not received", "younger"]
    assert rows(restored, "SELECT COUNT(*) AS n FROM ticket_messages") == [{"n": 0}]
    numbers = _transactions(restored)
    assert len(numbers) == len(set(numbers))
    restored.close()


def _transactions(database: Database) -> list[str]:
    """The numbers of all transactions in the server's logs."""
    logs = [row["Log_name"] for row in rows(database, "SHOW BINARY LOGS")]
    events = [event for log in logs for event in rows(database, f"SHOW BINLOG EVENTS IN '{log}'")]
    return [event["Info"].split()[-1] for event in events if event["Event_type"] == "Gtid"]
