"""The incident log of a ServiceNow installation: 141,712 updates of 24,918 incidents."""

from __future__ import annotations

from collections import Counter
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from savctl.domain.imports.imported_ticket import ImportContext
from savctl.domain.imports.mapping import Mapped, mapped
from savctl.domain.tickets.closing import ClosingLimits
from savctl.html import clean
from savctl.persistence.engine import Database
from savctl.ports import SetClock
from savctl.usecases.imports.importing import ImportReport, ImportRun, import_tickets
from savctl.usecases.imports.mapping_file import read_mapping
from savctl.usecases.imports.rows import reading
from savctl.usecases.replay.timed_jobs import CLOSE_RESOLVED, closings
from tests.given import rows
from tests.outside.logs import (
    EXAMPLES,
    FIVE_DAYS,
    START,
    as_words,
    broken_invariants,
    counted_again,
    log_file,
    log_rows,
    minute,
    play,
)

pytestmark = [
    pytest.mark.outside,
    pytest.mark.deep,
    pytest.mark.slow("plays the whole log of a desk"),
    pytest.mark.timeout(900),
]

MAPPING = "servicenow.toml"
MEANS = {
    "New": "open",
    "Active": "in_progress",
    "Awaiting User Info": "waiting_customer",
    "Awaiting Vendor": "in_progress",
    "Awaiting Problem": "in_progress",
    "Awaiting Evidence": "in_progress",
    "Resolved": "resolved",
    "Closed": "closed",
}
AFTER = datetime(2017, 3, 1, tzinfo=UTC)


@pytest.fixture
def path() -> Path:
    return log_file("servicenow-incidents", "incident_event_log.csv.gz")


def imported(database: Database, file: Path, mapping: Mapped, now: datetime) -> ImportReport:
    """Import a file with its times."""
    terms = ImportContext(
        now=now, source="log", stamps=mapping.stamps, clean=clean, keeps_times=True
    )
    with reading(file, "csv") as found:
        return import_tickets(database, found, mapping, ImportRun(terms=terms))


def test_a_strict_replay_gives_the_counts_of_its_readme(database: Database, path: Path) -> None:
    events = [
        (minute(row["sys_updated_at"]), int(row["sys_mod_count"]), line, row)
        for line, row in enumerate(log_rows(path), start=2)
    ]
    events.sort(key=lambda event: event[:3])
    known = [row for _, _, _, row in events if row["incident_state"] in MEANS]
    applied, refused, clean_cases, final = counted_again(
        [(row["number"], MEANS[row["incident_state"]]) for row in known]
    )
    del events, known

    report, bad = play(database, path, MAPPING)

    assert len(bad) == 5
    assert all("'-100' means nothing" in reason for reason in bad.values())
    assert (report.events, report.cases) == (141_707, 24_918)
    assert (sum(report.applied.values()), sum(report.refused.values())) == (57_130, 18_834)
    assert report.clean == 11_784 == clean_cases
    assert (report.applied, report.refused) == (applied, refused)
    assert as_words(report.final) == {"closed": 24_917, "in_progress": 1} == dict(final)


def test_all_rows_are_imported_but_those_that_are_named(database: Database, path: Path) -> None:
    report = imported(database, path, read_mapping(EXAMPLES / MAPPING), AFTER)

    reasons = Counter(bad.reason.partition(";")[0] for bad in report.rejects)
    assert report.seen == 141_712
    assert report.imported + report.rejected == 141_712
    assert reasons == {"unknown status '-100'": 5}
    stored = rows(database, "SELECT status, COUNT(*) AS n FROM support_tickets GROUP BY status")
    assert sum(row["n"] for row in stored) == report.imported
    known = rows(database, "SELECT COUNT(*) AS n FROM savctl_imports")
    assert known[0]["n"] == report.imported


def test_the_recorded_sweep_is_reproduced(database: Database, path: Path, tmp_path: Path) -> None:
    """The method of the log's README: 5 days, run at the recorded times, 3 minutes allowed."""
    recorded = _swept(path)
    file = tmp_path / "resolved.csv"
    lines = [f"{name},{start:%Y-%m-%dT%H:%MZ}" for name, (start, _) in recorded.items()]
    file.write_text("\n".join(["number,resolved_at", *lines]) + "\n")
    imported(database, file, _RESOLVED, AFTER)
    clock = SetClock(START)
    run = closings(database, clock, ClosingLimits(confirmation=FIVE_DAYS))[CLOSE_RESOLVED]

    for slot in sorted({end for _, end in recorded.values()}):
        clock.at = slot
        run(slot)

    closed = rows(database, "SELECT ticket_number, closed_at FROM support_tickets")
    hits = sum(
        row["closed_at"] is not None
        and abs(_utc(row["closed_at"]) - recorded[row["ticket_number"]][1]) <= timedelta(minutes=3)
        for row in closed
    )
    assert len(recorded) == 20_088
    assert hits == 19_731
    assert hits / len(recorded) >= 0.98
    assert broken_invariants(database) == []


_RESOLVED = mapped(
    {
        "fields": {
            "external_id": "number",
            "ticket_number": "number",
            "user_id": {"constant": 456},
            "subject": {"template": "Incident {number}"},
            "description": {"constant": "As recorded."},
            "status": {"constant": "resolved"},
            "assigned_to": {"constant": 10},
            "created_at": "resolved_at",
            "resolved_at": "resolved_at",
        }
    }
)


def _swept(path: Path) -> dict[str, tuple[datetime, datetime]]:
    """Incidents that the recorded sweep closed: when they were resolved, when closed."""
    found = {}
    for row in log_rows(path):
        if row["resolved_at"] != "?":
            start, end = minute(row["resolved_at"]), minute(row["closed_at"])
            if 4.99 < (end - start) / timedelta(days=1) < 5.2:
                found[row["number"]] = (start, end)
    return found


def _utc(stored: object) -> datetime:
    moment = stored if isinstance(stored, datetime) else datetime.fromisoformat(str(stored))
    return moment.replace(tzinfo=UTC)
