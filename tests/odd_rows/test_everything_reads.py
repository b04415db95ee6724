"""A database full of rows that break the specification: whatever reads or works goes on.

One ticket of every kind in every status, and good ones among them. Each command runs once over
all of them, so that the whole matrix takes seconds.
"""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from savctl.persistence.engine import Database
from tests.conftest import Cli
from tests.given import rows
from tests.odd_rows.kinds import kinds_for
from tests.odd_rows.shop import GOOD_EACH, STATES, good_statements, odd_statements, write_odd

DONE, PARTLY, FINDINGS = 0, 3, 10
READING = """
ticket list --limit 0
ticket list --limit 0 -o json --at 2026-01-05
ticket list --limit 0 -o csv
ticket list --tag a --limit 0
ticket list --breached
ticket list --category c
ticket list --user 456
ticket duplicates --limit 0
ticket next --as 10
message unread
agent workload
agent list
user show 456
user list --search a
sla due --limit 0
sla breaches
sla report --at 2026-01-05
report sla --since 3000d
report workload
report volume --since 3000d
export tickets --out x.csv --yes --with messages,attachments
export tickets --out x.jsonl --yes --with messages,attachments
export analytics --month 2025-12 --out a.csv --yes
export analytics --month 2026-01 --out a.jsonl --yes
gdpr find 456
gdpr export 456 --out y.zip --yes
gdpr hold list
archive list
archive verify
event list --limit 0
audit list --limit 0
db check
db check --fix --dry-run
doctor
attachment verify
attachment orphans
"""
JOBS = """
job run auto-close
job run close-resolved
job run sla-escalation
job run sla-audit
job run attachment-purge
job run orphan-cleanup
job run cache-cleanup
job run analytics-export
job run archive
job run retention
"""


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """A home whose folder of files was used before."""
    folder = tmp_path / "home" / "files"
    folder.mkdir(parents=True)
    (folder / "index.db").touch()
    return folder


def lines(text: str) -> list[str]:
    return text.strip().splitlines()


@pytest.mark.slow("runs every command and job")
@pytest.mark.only_on("sqlite", "mariadb")
@pytest.mark.usefixtures("home")
def test_no_row_of_another_program_ends_a_command_or_a_job(database: Database, cli: Cli) -> None:
    kinds = kinds_for(is_sqlite=database.is_sqlite)
    assert len(kinds) >= 40
    write_odd(database, good_statements() + odd_statements(kinds))

    failed = []
    dry_runs = [f"{job} --dry-run" for job in lines(JOBS)]
    real = [f"{job} --yes" for job in lines(JOBS)]
    for words in (*lines(READING), *dry_runs, *real, *lines(READING)[:3], "db check --fix"):
        outcome = cli(*words.split())
        if outcome.code not in {DONE, PARTLY, FINDINGS}:
            failed.append((words, outcome.code, outcome.err[-500:]))

    assert failed == []
    assert good_tickets(database) == {
        "open": GOOD_EACH,
        "in_progress": GOOD_EACH,
        "closed": 2 * GOOD_EACH,  # those that waited, those that were resolved
    }
    late = "SELECT COUNT(*) AS n FROM savctl_sla_breaches WHERE ticket_id IN ({})"
    working = (
        "SELECT id FROM support_tickets WHERE ticket_number LIKE 'GOOD-%%' AND status <> 'closed'"
    )
    assert rows(database, late.format(working)) == [{"n": 2 * GOOD_EACH}]
    gone = rows(database, "SELECT ticket_number FROM savctl_archived_tickets")
    archived = [
        row["ticket_number"] for row in gone if row["ticket_number"].startswith("GOOD-old")
    ]
    assert len(archived) == GOOD_EACH


def good_tickets(database: Database) -> dict[str, int]:
    """What became of the good tickets; those that are archived or lapsed are gone."""
    found = rows(
        database,
        "SELECT status, COUNT(*) AS n FROM support_tickets "
        "WHERE ticket_number LIKE 'GOOD-%%' GROUP BY status",
    )
    return {row["status"]: row["n"] for row in found}


@pytest.mark.only_on("sqlite", "mariadb")
@pytest.mark.parametrize("sort", ["-id", "created_at", "priority", "-status", "updated_at"])
def test_every_odd_ticket_is_in_every_list_once_and_as_it_is(
    database: Database, cli: Cli, sort: str
) -> None:
    kinds = kinds_for(is_sqlite=database.is_sqlite)
    write_odd(database, odd_statements(kinds))

    outcome = cli("ticket", "list", f"--sort={sort}", "--limit", 0, "-o", "json")

    found = [row["ticket_number"] for row in json.loads(outcome.out)]
    assert sorted(found) == sorted(
        f"ODD-{n}-{state}" for n in range(len(kinds)) for state in STATES
    )
    priorities = {row["ticket_number"]: row["priority"] for row in json.loads(outcome.out)}
    assert priorities["ODD-0-open"] == ""
    assert "ODD-" in outcome.err  # the odd ones are named
    assert "savctl db check" in outcome.err


@pytest.mark.only_on("sqlite", "mariadb")
@pytest.mark.parametrize("sort", ["priority", "-priority", "status", "-status", "created_at"])
def test_pages_go_on_behind_an_odd_ticket(database: Database, cli: Cli, sort: str) -> None:
    odd = [k for k in kinds_for(is_sqlite=database.is_sqlite) if k.stays_hot][:3]
    write_odd(database, good_statements()[:9] + odd_statements(odd))
    everything = cli("ticket", "list", f"--sort={sort}", "--limit", 0, "-o", "ids").out.split()

    seen: list[str] = []
    for _ in everything:
        after = ("--after", seen[-1]) if seen else ()
        page = cli("ticket", "list", f"--sort={sort}", "--limit", 4, "-o", "ids", "-q", *after)
        seen += page.out.split()

    assert seen == everything
    assert len(seen) == len(set(seen))
