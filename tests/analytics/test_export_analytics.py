"""`savctl export analytics`: each figure on its day, nothing of a ticket, no small cell."""

from __future__ import annotations

import hashlib
import json
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from savctl.domain.analytics.table import COLUMNS
from savctl.domain.model.priority import Priority
from savctl.persistence.engine import Database
from savctl.ports import SetClock
from savctl.usecases.operation import Operation
from savctl.usecases.tickets.merging import merge_tickets
from savctl.usecases.tickets.transitions import set_priority
from tests.analytics.desk import FIRST, MARKERS, exported, figures, lived
from tests.conftest import Cli
from tests.given import BOSS, DAY, rows, snapshot, write
from tests.privacy.schema_check import problems

pytestmark = pytest.mark.each_database("tickets are read in pages, texts as the columns hold them")

PROJECT = Path(__file__).resolve().parents[2]
CELL = ("delivery", "high")


@pytest.fixture
def every_cell(monkeypatch: pytest.MonkeyPatch, environment: dict[str, str]) -> None:
    """A cell of one ticket is shown as well."""
    environment["SAVCTL_ANALYTICS_SMALLEST"] = "1"


@pytest.fixture
def desk(every_cell: None, cli: Cli) -> Cli:
    return cli


def days(found: list[dict[str, Any]]) -> dict[str, dict[str, Any]]:
    """The figures of one category and priority by day, the total among them."""
    for row in found[:-1]:
        assert (row.pop("category"), row.pop("priority")) == CELL
    return {row.pop("day"): figures(row) for row in found}


def test_each_figure_stands_on_the_day_of_its_own_event(
    desk: Cli, database: Database, tmp_path: Path
) -> None:
    # answered after 1 h, solved after 30 h: late, its 24 h passed on the 2nd; closed on the 4th
    lived(database, FIRST, (1, "answer"), (29, "solve"), (40, "close"))

    found = days(exported(desk, tmp_path / "m.csv"))

    assert found["2025-09-01"] == {
        "created": 1,
        "response_met": 1,
        "response_minutes_p50": 60,
        "response_minutes_p90": 60,
        "backlog_end": 1,
    }
    assert found["2025-09-02"] == {
        "resolved": 1,
        "resolution_missed": 1,
        "resolution_minutes_p50": 1800,
        "resolution_minutes_p90": 1800,
    }
    assert found["2025-09-04"] == {"closed": 1}
    assert set(found) == {"2025-09-01", "2025-09-02", "2025-09-04", "total"}


def test_a_missed_target_counts_when_it_passed_and_the_answer_s_minutes_when_it_came(
    desk: Cli, database: Database, tmp_path: Path
) -> None:
    lived(database, FIRST + 14 * timedelta(hours=1), (50, "answer"))  # at 22:00; its 4 h end at 2

    found = days(exported(desk, tmp_path / "m.jsonl"))

    assert found["2025-09-02"]["response_missed"] == 1
    assert found["2025-09-04"]["response_minutes_p50"] == 3000
    assert "response_met" not in found["total"]


def test_every_solution_counts_as_resolved_and_the_last_one_ends_the_clock(
    desk: Cli, database: Database, tmp_path: Path
) -> None:
    lived(database, FIRST, (2, "solve"), (24, "back"), (3, "solve"))

    found = days(exported(desk, tmp_path / "m.csv"))

    assert (found["2025-09-01"]["resolved"], found["2025-09-02"]["resolved"]) == (1, 1)
    assert "resolution_met" not in found["2025-09-01"]
    assert found["2025-09-02"]["reopened"] == found["2025-09-02"]["resolution_met"] == 1
    assert found["2025-09-02"]["resolution_minutes_p50"] == 300


def test_the_backlog_counts_waiting_tickets_and_shows_days_without_events(
    desk: Cli, database: Database, tmp_path: Path
) -> None:
    lived(database, FIRST - DAY, (1, "wait"))
    lived(database, FIRST, (1, "solve"))

    found = days(exported(desk, tmp_path / "m.csv"))

    assert len(found) == 31
    assert {row.get("backlog_end") for row in found.values()} == {1}
    assert found["2025-09-02"] == {"backlog_end": 1}


def test_a_merged_ticket_counts_as_created_closed_and_merged_and_has_no_promise(
    desk: Cli, database: Database, tmp_path: Path
) -> None:
    source = lived(database, FIRST, (1, "answer"))
    target = lived(database, FIRST)
    merge_tickets(Operation(database, SetClock(FIRST + DAY), actor=BOSS), [source], target)

    found = days(exported(desk, tmp_path / "m.csv"))

    assert figures(found["2025-09-02"]).items() >= {"merged": 1, "closed": 1}.items()
    assert found["total"]["created"] == 2
    assert "response_met" not in found["total"]


def test_priority_is_that_of_now_and_the_promise_decides_what_is_met(
    desk: Cli, database: Database, tmp_path: Path
) -> None:
    ticket = lived(database, FIRST, (5, "answer"), priority="medium")
    set_priority(
        Operation(database, SetClock(FIRST + DAY), actor=BOSS),
        ticket,
        Priority.HIGH,
        reason="asked for",
    )

    found = days(exported(desk, tmp_path / "m.csv"))

    assert found["2025-09-01"]["response_met"] == 1  # of 24 h; 4 h would be late


def test_no_word_name_or_id_of_a_ticket_is_in_the_file(
    desk: Cli, database: Database, tmp_path: Path
) -> None:
    for _ in range(6):
        lived(database, FIRST, (1, "answer"), (29, "solve"), (40, "close"))
    numbers = [row["ticket_number"] for row in rows(database, "SELECT * FROM support_tickets")]

    for form in ("csv", "jsonl"):
        exported(desk, tmp_path / f"m.{form}")

        content = (tmp_path / f"m.{form}").read_text() + (
            tmp_path / f"m.{form}.schema.json"
        ).read_text()
        assert [word for word in (*MARKERS, *numbers) if word in content] == []


def test_small_cells_are_summed_by_day_and_priority_or_left_out(
    cli: Cli, database: Database, tmp_path: Path
) -> None:
    for category in ("a", "a", "b", "b", None):
        lived(database, FIRST, (1, "solve"), category=category)
    lived(database, FIRST, (1, "solve"), category="a", priority="low")
    for _ in range(5):
        lived(database, FIRST, (2, "solve"), category="big", priority="low")

    first, second, total = exported(cli, tmp_path / "m.csv")

    assert (first["category"], first["priority"], first["created"]) == ("big", "low", 5)
    assert (second["category"], second["priority"], second["resolved"]) == ("(other)", "high", 5)
    assert second["resolution_minutes_p50"] == 60
    assert (total["created"], total["resolved"]) == (10, 10)
    assert (total["summed_cells"], total["left_out_cells"]) == (3, 1)


def test_csv_and_json_lines_hold_the_same_and_fit_the_schema_beside_them(
    desk: Cli, database: Database, tmp_path: Path
) -> None:
    lived(database, FIRST, (1, "answer"), category="=1+1")
    lived(database, FIRST, (1, "answer"), category=None)

    as_csv = exported(desk, tmp_path / "m.csv")
    as_json = exported(desk, tmp_path / "m.jsonl")

    assert tuple(as_json[0]) == COLUMNS
    assert {row["category"] for row in as_csv} == {"'=1+1", None}
    assert [row | {"category": None} for row in as_csv] == [
        row | {"category": None} for row in as_json
    ]
    for form in ("csv", "jsonl"):
        schema = json.loads((tmp_path / f"m.{form}.schema.json").read_text())
        assert [p for row in as_json for p in problems(row, schema)] == []


def test_the_same_data_give_the_same_bytes_whenever_it_is_asked(
    cli: Cli, database: Database, tmp_path: Path
) -> None:
    for number in range(12):
        lived(database, FIRST + number * DAY, (30, "answer"), category="ab"[number % 2])

    exported(cli, tmp_path / "first.csv")
    exported(cli, tmp_path / "second.csv")

    content = (tmp_path / "first.csv").read_bytes()
    assert content == (tmp_path / "second.csv").read_bytes()
    assert content.count(b"\n") > 20


def test_who_took_the_figures_is_in_the_audit_with_the_file_s_digest(
    cli: Cli, database: Database, tmp_path: Path
) -> None:
    exported(cli, tmp_path / "m.csv", "--as", BOSS)

    (entry,) = rows(database, "SELECT actor, entry FROM savctl_audit WHERE action = 'export'")
    facts = json.loads(entry["entry"])
    digest = hashlib.sha256((tmp_path / "m.csv").read_bytes()).hexdigest()
    assert (entry["actor"], facts["what"], facts["sha256"]) == (BOSS, "analytics", digest)


def test_a_month_that_is_not_over_and_one_that_is_none_are_refused(
    cli: Cli, tmp_path: Path
) -> None:
    for month in ("2999-01", "2025-13", "2025-9", "September"):
        outcome = cli("export", "analytics", "--month", month, "--out", tmp_path / "m.csv")

        assert outcome.code == 2, month
    assert list(tmp_path.glob("m.*")) == []


def test_a_file_that_is_there_is_kept_unless_it_is_to_be_replaced(
    cli: Cli, tmp_path: Path
) -> None:
    for taken in ("m.csv", "m.csv.schema.json"):
        (tmp_path / taken).write_text("mine")

        outcome = cli("export", "analytics", "--month", "2025-09", "--out", tmp_path / "m.csv")

        assert outcome.code == 6
        assert [path.name for path in tmp_path.glob("m.*")] == [taken]
        assert (tmp_path / taken).read_text() == "mine"
        assert exported(cli, tmp_path / "m.csv", "--force")[-1]["day"] == "total"
        for path in tmp_path.glob("m.*"):
            path.unlink()


def test_a_dry_run_leaves_nothing(cli: Cli, database: Database, tmp_path: Path) -> None:
    lived(database, FIRST)
    before = snapshot(database)

    outcome = cli(
        *("export", "analytics", "--month", "2025-09", "--out", tmp_path / "m.csv"),
        *("--dry-run", "-o", "json"),
    )

    assert json.loads(outcome.out)["tickets"] == 1
    assert list(tmp_path.glob("m.*")) == []
    assert snapshot(database) == before


def test_rows_of_other_programs_do_not_end_the_export(
    desk: Cli, database: Database, tmp_path: Path
) -> None:
    for stored in ("NULL", "'[]'", """'{"history": 3, "merged_into": 7, "sla": []}'"""):
        odd = lived(database, FIRST)
        write(database, f"UPDATE support_tickets SET metadata = {stored} WHERE id = {odd}")

    found = exported(desk, tmp_path / "m.csv")

    assert found[-1]["created"] == 3


def test_archived_tickets_count_as_they_did_before(
    desk: Cli, database: Database, tmp_path: Path
) -> None:
    long_ago = FIRST - 731 * DAY
    lived(database, long_ago, (1, "answer"), (29, "solve"), (40, "close"))
    lived(database, long_ago, (9, "solve"), (3, "back"), (3, "solve"), (24, "close"))
    exported(desk, tmp_path / "hot.csv", month="2023-09")

    assert desk("archive", "run", "--yes").code == 0
    exported(desk, tmp_path / "archived.csv", month="2023-09")

    (count,) = rows(database, "SELECT COUNT(*) AS n FROM savctl_archived_tickets")
    assert count["n"] == 2
    assert (tmp_path / "archived.csv").read_bytes() == (tmp_path / "hot.csv").read_bytes()


def test_the_published_schema_is_the_one_beside_the_file(cli: Cli, tmp_path: Path) -> None:
    exported(cli, tmp_path / "m.csv")

    published = PROJECT / "docs" / "schemas" / "analytics-1.json"
    assert (tmp_path / "m.csv.schema.json").read_bytes() == published.read_bytes()
