"""The page at `/` of a scheduler: what it shows, and what it never shows (rules 18.6)."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from savctl.scheduling.desk.page import desk_page
from savctl.usecases.desk.model import (
    AgentLoad,
    BackupLine,
    Desk,
    ErasureCounts,
    ErrorLine,
    EventCounts,
    JobBoard,
    JobLine,
    LeaseLine,
    NextTarget,
    QueueCounts,
)
from savctl.usecases.desk.watch import DeskReading
from tests.pages.browser import lay_out

NOW = datetime(2025, 10, 3, 10, 30, tzinfo=UTC)
HOUR = timedelta(hours=1)
SECRETS = ("TKT-SECRET", "987654", "Ada Byron", "PASSWORD", "host-of-lease")


def job(name: str, status: str | None, **values: object) -> JobLine:
    known: dict[str, object] = {
        "last_started_at": NOW - HOUR if status else None,
        "last_finished_at": None,
        "last_run_id": 4,
        "next_slot": NOW + HOUR,
        "due_since": None,
        "is_overdue": False,
        "running_on": None,
        "why": f"its last run ended {status}; its next slot is in the future",
    }
    return JobLine(job=name, last_status=status, **known | values)  # type: ignore[arg-type]


def a_desk(*, is_well: bool) -> Desk:
    """A desk with every part; where all is not well, each part has its fault."""
    jobs = [job("archive", "ok"), job("a" * 40, None)]
    if not is_well:
        jobs += [
            job("auto-close", "ok", due_since=NOW - 9 * HOUR, is_overdue=True, why="x " * 80),
            job("backup", "failed"),
            job("event-relay", "braked", running_on="host-of-lease:1"),
        ]
    statuses = ("open", "in_progress", "waiting_customer", "resolved")
    wrong = 0 if is_well else 1
    return Desk(
        at=NOW,
        queue=QueueCounts(
            counts={
                (status, level): 1_234_567 for status in statuses for level in ("urgent", "low")
            },
            unassigned=7,
        ),
        breaches={"response": 3 * wrong, "resolution": 4 * wrong},
        due=[
            NextTarget(
                ticket_id=987654,
                ticket_number="TKT-SECRET",
                status="waiting_customer",
                priority="urgent",
                assigned_to=987654,
                side="resolution",
                at=NOW + n * HOUR,
            )
            for n in (-1, 5)
        ],
        agents=[AgentLoad(agent_id=987654, open=1, in_progress=1, waiting_customer=1)],
        work=JobBoard(
            jobs=jobs,
            leases=[LeaseLine(lease="x", owner="host-of-lease", seconds_left=3)],
            schedulers=["host-of-lease:7"] * (1 - wrong),
        ),
        events=EventCounts(
            waiting=31, dead=9 * wrong, skipped=0, refusals=0, oldest_at=NOW - 3 * HOUR
        ),
        backups=[
            BackupLine(kind="dump", made_at=NOW - HOUR, proven_at=None, bytes=1),
            BackupLine(kind="mirror", made_at=NOW - 50 * HOUR, proven_at=None, bytes=1),
        ],
        erasures=ErasureCounts(open=2, late=wrong, due_soon=1, held=0, next_due_at=NOW),
        errors=[
            ErrorLine(
                run_id=17,
                job="backup",
                at=NOW - HOUR,
                status="failed",
                failed=2,
                error="TKT-SECRET of Ada Byron: the bucket refuses PASSWORD",
            )
        ]
        * wrong,
    )


def well() -> str:
    return desk_page(DeskReading(desk=a_desk(is_well=True)), now=NOW)


def faulty() -> str:
    reading = DeskReading(
        desk=a_desk(is_well=False),
        problem="Access denied for PASSWORD",
        problem_since=NOW - HOUR,
    )
    return desk_page(reading, now=NOW)


def unread() -> str:
    return desk_page(DeskReading(problem="PASSWORD", problem_since=NOW), now=NOW)


def cells(page: str, key: str) -> list[str]:
    """The values of a column, as they are read."""
    return re.findall(rf'data-key="{key}"[^>]*>([^<]*)<', page)


def test_every_part_is_shown_with_what_is_wrong_first() -> None:
    page = faulty()

    assert cells(page, "job")[:2] == ["auto-close", "backup"]
    assert cells(page, "state")[:3] == ["overdue", "failed", "running"]
    assert cells(page, "all") == ["2\u202f469\u202f134"] * 4
    assert cells(page, "due") == ["1\u202fh ago", "in 5\u202fh"]
    assert cells(page, "kind") == ["dump", "mirror"]
    assert cells(page, "about") == ["bucket"]
    assert cells(page, "run_id") == ["17"]
    assert "9 dead, oldest 3" in page
    assert "The database cannot be read since 09:30:00Z. What is shown was read before." in page


def test_where_all_is_well_nothing_is_marked() -> None:
    page = well()

    assert 'role="alert"' not in page
    assert 'class="d bad"' not in page.replace(">late<", "").partition("Due next")[0]
    assert "Nothing." in page, "no errors"


@pytest.mark.parametrize("page", [well, faulty, unread])
def test_no_name_number_or_text_is_in_it_and_no_script(page: Callable[[], str]) -> None:
    text = page()

    for secret in SECRETS:
        assert secret.lower() not in text.lower()
    assert "<script" not in text
    assert re.findall(r"(?:src|href|action)=", text) == []
    assert '<meta http-equiv="refresh" content="15">' in text
    assert "default-src 'none'" in text


def test_before_the_first_reading_the_problem_alone_is_shown() -> None:
    assert "Nothing was read yet." in unread()
    assert "<table" not in unread()


@pytest.mark.slow("starts a browser")
@pytest.mark.parametrize("page", [well, faulty])
def test_it_fits_a_phone_and_a_desk(page: Callable[[], str], tmp_path: Path) -> None:
    for layout in lay_out(page(), (360, 1280), tmp_path):
        assert layout.needed <= layout.width
        assert layout.beyond == []
        assert layout.smallest >= 12
