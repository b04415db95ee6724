"""kill -9 in the middle of an import: a resume imports the rest, and no row twice."""

from __future__ import annotations

import json
import random
import signal
from pathlib import Path

import pytest

from savctl.persistence.engine import Database
from tests.crash.processes import PATIENCE_SECONDS, count, finished, start, wait_until
from tests.depth import KILLS

ROWS = 400 * KILLS
TICKETS = "SELECT COUNT(*) AS n FROM support_tickets"
REMEMBERED = "SELECT COUNT(DISTINCT external_id) AS n FROM savctl_imports"
AUDITED = "SELECT COUNT(*) AS n FROM savctl_audit WHERE action = 'imported'"


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "old.jsonl"
    row = {"user_id": 456, "subject": "Order not received", "description": "Where is it?"}
    path.write_text(
        "".join(json.dumps({"external_id": f"OLD-{n}", **row}) + "\n" for n in range(ROWS))
    )
    return path


@pytest.mark.slow("kills processes at work, again and again")
def test_every_row_is_there_once(
    database: Database, database_url: str, environment: dict[str, str], file: Path
) -> None:
    environment |= {"SAVCTL_DATABASE_URL": database_url, "SAVCTL_BATCH_SIZE": "20"}
    words = ("ticket", "import", str(file), "--resume")

    for _ in range(KILLS):
        before = count(database, TICKETS)
        process = start(environment, *words)
        more = before + random.randrange(1, ROWS // KILLS)
        wait_until(
            lambda process=process, more=more: (
                count(database, TICKETS) >= more  # type: ignore[misc]
                or process.poll() is not None
            ),
            what="rows",
        )
        process.send_signal(signal.SIGKILL)
        process.communicate(timeout=PATIENCE_SECONDS)
    assert 0 < count(database, TICKETS) < ROWS

    assert finished(environment, *words) == 0
    assert [count(database, query) for query in (TICKETS, REMEMBERED, AUDITED)] == [ROWS] * 3
    assert finished(environment, "db", "check") == 0


@pytest.mark.slow("two processes have to meet")
def test_two_imports_of_one_source_at_once_share_the_rows(
    database: Database, database_url: str, environment: dict[str, str], file: Path
) -> None:
    environment |= {"SAVCTL_DATABASE_URL": database_url, "SAVCTL_BATCH_SIZE": "50"}

    both = [start(environment, "ticket", "import", str(file), "--resume") for _ in range(2)]
    stderr = [process.communicate(timeout=3 * PATIENCE_SECONDS) for process in both]

    assert [process.returncode for process in both] == [0, 0], stderr
    assert [count(database, query) for query in (TICKETS, REMEMBERED, AUDITED)] == [ROWS] * 3
