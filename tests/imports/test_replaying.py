"""`demo --replay`: a log through the rules and the jobs, at the times it was recorded."""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from savctl.domain.imports.mapping import mapped
from savctl.domain.imports.replay_plan import plan
from savctl.domain.tickets.closing import ClosingLimits
from savctl.errors import Refused
from savctl.persistence.engine import Database
from savctl.ports import SetClock
from savctl.usecases.database.integrity import CheckOptions, check_integrity
from savctl.usecases.imports.rows import reading
from savctl.usecases.replay.log_events import LogReader
from savctl.usecases.replay.replaying import Replay, replay
from savctl.usecases.replay.report import ReplayReport
from savctl.usecases.replay.timed_jobs import AUTO_CLOSE, CLOSE_RESOLVED, TimedJob, closings, every
from tests.given import NOW, rows

MAPPING: dict[str, Any] = {
    "fields": {
        "external_id": "case",
        "user_id": {"constant": 456},
        "subject": {"template": "Case {case}"},
        "description": {"constant": "As recorded."},
        "priority": {"column": "level", "default": "medium"},
    },
    "replay": {
        "at": "at",
        "order": ["n"],
        "what": "what",
        "means": {
            name: name
            for name in ("create", "priority", "open", "take", "wait", "resolve", "close")
        }
        | {name: name for name in ("note", "reply", "answer")},
        "agent": "agent",
        "message": "text",
    },
}
LIMITS = ClosingLimits()


def log(path: Path, events: Sequence[tuple[str, str, str] | tuple[str, str, str, str]]) -> Path:
    """A log of (case, time on 1 March 2025 or later, what, agent)."""
    lines = ["case,at,n,what,agent,level,text"]
    for case, at, what, *agent in events:
        lines.append(f"{case},{at},0,{what},{agent[0] if agent else 10},,")
    file = path / "log.csv"
    file.write_text("\n".join(lines) + "\n")
    return file


def play(
    database: Database,
    file: Path,
    *,
    jobs: bool = False,
    values: dict[str, Any] | None = None,
    **more: Any,
) -> ReplayReport:
    """Play a log."""
    mapping = mapped(values or MAPPING)
    how = plan(mapping.replay)
    clock = SetClock(NOW)
    runs = closings(database, clock, LIMITS)
    timed = [
        TimedJob(AUTO_CLOSE, LIMITS.silence, every(15), runs[AUTO_CLOSE]),
        TimedJob(CLOSE_RESOLVED, LIMITS.confirmation, every(15, past=7), runs[CLOSE_RESOLVED]),
    ]
    with reading(file, "csv") as found:
        reader = LogReader(found, mapping, how, lambda _line, _why: None)
        terms = Replay(source="log", how=how, jobs=timed if jobs else (), **more)
        return replay(database, clock, reader, terms)


def history(database: Database, subject: str) -> list[tuple[str, Any, str]]:
    """What the history of a ticket says of its states: at, actor, to."""
    (row,) = rows(database, f"SELECT metadata FROM support_tickets WHERE subject = '{subject}'")
    entries = json.loads(str(row["metadata"]))["history"]
    return [
        (entry["at"][5:16], entry["actor"], entry["to"])
        for entry in entries
        if entry["action"] in {"created", "status"}
    ]


def holds(database: Database) -> bool:
    """Whether every invariant of the data holds."""
    return not check_integrity(database, SetClock(NOW), terms=CheckOptions()).is_broken


@pytest.mark.parametrize("size", [1, 3, 1_000])
def test_events_happen_at_their_times_whatever_the_order_of_the_file(
    database: Database, tmp_path: Path, size: int
) -> None:
    file = log(
        tmp_path,
        [
            ("A", "2025-03-01 10:00", "create"),
            ("A", "2025-03-02 10:00", "wait"),
            ("A", "2025-03-01 11:00", "take"),
            ("B", "2025-03-01 10:30", "take"),
            ("A", "2025-03-03 10:00", "take", "11"),
            ("A", "2025-03-04 10:00", "resolve", "11"),
            ("A", "2025-03-04 10:00", "close", "11"),
        ],
    )

    report = play(database, file, size=size)

    assert (report.events, report.cases, report.clean) == (7, 2, 2)
    assert history(database, "Case A") == [
        ("03-01T10:00", None, "open"),
        ("03-01T11:00", 10, "in_progress"),
        ("03-02T10:00", 10, "waiting_customer"),
        ("03-03T10:00", 11, "in_progress"),
        ("03-04T10:00", 11, "resolved"),
        ("03-04T10:00", 11, "closed"),
    ]
    assert report.final["closed"] == 1
    assert holds(database)


def test_events_of_a_ticket_leave_in_the_order_they_happened(
    database: Database, tmp_path: Path
) -> None:
    file = log(
        tmp_path,
        [
            ("A", "2025-03-01 10:00", "take"),
            ("A", "2025-03-01 11:00", "answer"),
            ("A", "2025-03-01 12:00", "wait"),
            ("A", "2025-03-01 13:00", "reply"),
            ("A", "2025-03-01 14:00", "note"),
        ],
    )

    report = play(database, file)

    stored = rows(database, "SELECT event, occurred_at FROM savctl_outbox ORDER BY id")
    assert [row["event"] for row in stored] == [
        "TicketCreated",
        "TicketAssigned",
        "TicketStatusChanged",
        "MessageAdded",
        "TicketStatusChanged",
        "MessageAdded",
        "TicketStatusChanged",
        "MessageAdded",
    ]
    assert sorted(str(row["occurred_at"]) for row in stored) == [
        str(row["occurred_at"]) for row in stored
    ]
    assert (report.messages, report.final["in_progress"]) == (3, 1)
    assert holds(database)


def test_refused_events_change_nothing_and_are_counted(database: Database, tmp_path: Path) -> None:
    file = log(
        tmp_path,
        [
            ("A", "2025-03-01 10:00", "create"),
            ("A", "2025-03-01 11:00", "resolve"),
            ("A", "2025-03-01 12:00", "close"),
            ("A", "2025-03-01 13:00", "take"),
            ("A", "2025-03-01 14:00", "close"),
            ("A", "2025-03-01 15:00", "note"),
            ("B", "2025-03-01 10:00", "take"),
        ],
    )

    report = play(database, file)

    assert dict(report.applied) == {("open", "closed"): 1, ("open", "in_progress"): 1}
    assert dict(report.refused) == {("open", "resolved"): 1, ("closed", "in_progress"): 1}
    assert dict(report.others) == {"note": 1}
    assert (report.cases, report.clean, report.unchanged) == (2, 1, 1)
    assert [to for _, _, to in history(database, "Case A")] == ["open", "closed"]


def test_jobs_close_at_their_slots_and_the_recorded_event_comes_too_late(
    database: Database, tmp_path: Path
) -> None:
    file = log(
        tmp_path,
        [
            ("A", "2025-03-01 10:00", "take"),
            ("A", "2025-03-01 10:20", "wait"),
            ("B", "2025-03-01 10:00", "take"),
            ("B", "2025-03-01 10:20", "resolve"),
            ("C", "2025-03-01 10:00", "take"),
            ("C", "2025-03-02 10:00", "resolve"),
            ("C", "2025-03-02 15:00", "take"),
            ("A", "2025-03-09 10:00", "resolve"),
        ],
    )

    report = play(database, file, jobs=True)

    assert history(database, "Case A")[-1] == ("03-08T10:30", None, "closed")
    assert history(database, "Case B")[-1] == ("03-02T10:22", None, "closed")
    assert history(database, "Case C")[-1][2] == "in_progress"
    assert dict(report.closed) == {"auto-close": 1, "close-resolved": 1}
    assert report.refused["closed", "resolved"] == 1
    assert holds(database)


def test_skipping_slots_with_nothing_due_changes_nothing(
    database: Database, tmp_path: Path
) -> None:
    """The same log with the jobs run at every slot of their timetables."""
    events = [
        (f"C{n}", f"2025-03-{1 + n % 5:02d} {8 + n % 9:02d}:{n % 60:02d}", what)
        for n in range(40)
        for what in ("take", "wait" if n % 3 else "resolve")
    ]
    file = log(tmp_path, [*events, ("Z", "2025-03-20 10:00", "create")])

    play(database, file, jobs=True)

    closed = rows(
        database, "SELECT subject, metadata FROM support_tickets WHERE status = 'closed'"
    )
    for row in closed:
        entries = json.loads(str(row["metadata"]))["history"]
        entered, left = (datetime.fromisoformat(entry["at"]) for entry in entries[-2:])
        is_wait = entries[-2]["to"] == "waiting_customer"
        due = entered + (LIMITS.silence if is_wait else LIMITS.confirmation)
        assert timedelta() <= left - due < timedelta(minutes=15)
    assert len(closed) == 40


def test_a_case_may_be_played_once(database: Database, tmp_path: Path) -> None:
    file = log(tmp_path, [("A", "2025-03-01 10:00", "create")])
    play(database, file)

    with pytest.raises(Refused, match="played into this database before"):
        play(database, file)


def test_rows_that_are_no_events_are_named(database: Database, tmp_path: Path) -> None:
    file = log(
        tmp_path,
        [
            ("A", "2025-03-01 10:00", "dance"),
            ("A", "yesterday", "take"),
            ("", "2025-03-01 10:00", "take"),
            ("B", "2025-03-01 10:00", "take", "nobody"),
            ("C", "2025-03-01 10:00", "take"),
        ],
    )
    bad: list[int] = []
    mapping = mapped(MAPPING)
    how = plan(mapping.replay)
    with reading(file, "csv") as found:
        reader = LogReader(found, mapping, how, lambda line, _why: bad.append(line))
        report = replay(database, SetClock(NOW), reader, Replay(source="log", how=how))

    assert sorted(bad) == [2, 3, 4, 5]
    assert report.cases == 1


def test_first_priorities_follow_the_rules_where_the_log_has_none(
    database: Database, tmp_path: Path
) -> None:
    fields = {**MAPPING["fields"], "category": {"constant": "shipping"}}
    fields.pop("priority")
    values = {**MAPPING, "fields": fields}
    start = datetime(2025, 3, 1, 10, tzinfo=UTC)
    file = log(
        tmp_path,
        [(f"C{n}", f"{start + timedelta(hours=n):%Y-%m-%d %H:%M}", "create") for n in range(6)],
    )

    play(database, file, values=values)

    levels = rows(database, "SELECT priority FROM support_tickets ORDER BY id")
    assert [row["priority"] for row in levels] == ["medium"] * 4 + ["high"] * 2
