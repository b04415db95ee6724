"""A ticket that is younger than the backup comes back through the copied logs (rules 17.4)."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from savctl.domain.backup.log_positions import LogPosition
from savctl.persistence.engine import Database
from tests.backup.logs.conftest import sql
from tests.backup.support import answer, create
from tests.conftest import Cli
from tests.given import created, rows


@pytest.mark.only_on("sqlite")  # the database of the test is `live`
def test_a_ticket_that_is_younger_than_the_backup_comes_back(
    live_cli: Cli, live: Database
) -> None:
    backup = str(create(live_cli)["id"])
    ticket = created(live, lambda: datetime.now(UTC))
    (here,) = rows(live, "SHOW MASTER STATUS")
    place = LogPosition(here["File"], here["Position"])
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
    assert rows(live, "SHOW DATABASES LIKE 'savctl_restore_%%'") == []
