"""A plan as a file: written, carried out, spoiled, of elsewhere, of last week (settled 15, 16)."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any

import pytest

from savctl.domain.model.states import Status
from savctl.persistence.engine import Database
from savctl.ports import system_clock
from savctl.usecases.batch.json_lines import json_line
from tests.conftest import Cli
from tests.given import brought_to, created, rows, snapshot, write
from tests.odd_rows.shop import write_odd

ASSIGN = ("ticket", "bulk", "assign")
each_database = pytest.mark.each_database("the guard is a digest of what each database stores")


@pytest.fixture
def plan(tmp_path: Path) -> Path:
    return tmp_path / "plan.jsonl"


def planned(cli: Cli, plan: Path, *more: str) -> list[dict[str, Any]]:
    """A plan for all tickets, and its lines."""
    done = cli(*ASSIGN, "--all", "--to", "10", "--plan-out", str(plan), *more)
    assert done.code == 0, done.err
    return [json.loads(line) for line in plan.read_text().splitlines()]


def items(out: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = json.loads(out)["items"]
    return found


def forged(lines: list[dict[str, Any]]) -> bytes:
    """The plan with digests that fit what was edited."""
    body = b"".join(map(json_line, lines[1:]))
    header = {k: v for k, v in lines[0].items() if k != "digest"}
    header["sha256"] = hashlib.sha256(body).hexdigest()
    header["digest"] = hashlib.sha256(json_line(header)).hexdigest()
    return json_line(header) + body


@each_database
def test_a_plan_carried_out_answers_what_the_dry_run_answered(
    cli: Cli, database: Database, plan: Path
) -> None:
    for status in (Status.OPEN, Status.IN_PROGRESS, Status.CLOSED):
        brought_to(database, system_clock, status)
    shown = cli(*ASSIGN, "--all", "--to", "11", "--dry-run", "-o", "json")
    before = snapshot(database)

    written = cli(*ASSIGN, "--all", "--to", "11", "--plan-out", str(plan), "-o", "json")
    after = snapshot(database)
    done = cli(*ASSIGN, "--plan", str(plan), "-o", "json")

    assert (shown.code, written.code, done.code) == (3, 0, 3)
    assert items(shown.out) == items(written.out) == items(done.out)
    assert [item["outcome"] for item in items(done.out)] == ["changed", "changed", "refused"]
    assert {**after, "savctl_meta": None} == {**before, "savctl_meta": None}
    assert plan.stat().st_mode & 0o777 == 0o600


def test_a_plan_has_its_header_and_a_line_a_ticket(
    cli: Cli, database: Database, plan: Path
) -> None:
    ticket = created(database, system_clock)

    header, row = planned(cli, plan, "--reason", "why")

    assert header["operation"] == "assign"
    assert header["arguments"] == {"to": 10, "reason": "why"}
    assert (header["filter"], header["rows"]) == ("all", 1)
    assert set(header["database"]) == {"id", "name"}
    body = plan.read_bytes().partition(b"\n")[2]
    assert header["sha256"] == hashlib.sha256(body).hexdigest()
    assert (row["id"], row["ticket_number"]) == (ticket.id, ticket.ticket_number)
    assert set(row["guard"]) == {"status", "assigned_to", "priority", "updated_at", "row"}
    assert row["outcome"] == "changed"


@pytest.mark.only_on("sqlite")
@pytest.mark.parametrize("stored", ["2025-00-10 10:30:00", "2025-13-41 10:30:00", "soon", "0000"])
def test_a_time_of_another_program_that_is_none_is_none_in_a_plan(
    cli: Cli, database: Database, plan: Path, stored: str
) -> None:
    ticket = created(database, system_clock)
    odd = f"UPDATE support_tickets SET updated_at = '{stored}' WHERE id = {ticket.id}"
    write_odd(database, [odd])

    _, row = planned(cli, plan)

    assert row["guard"]["updated_at"] is None


@each_database
def test_rows_that_changed_since_the_plan_are_left_and_named(
    cli: Cli, database: Database, plan: Path
) -> None:
    kept, moved, gone = (created(database, system_clock) for _ in range(3))
    planned(cli, plan)
    write(database, f"UPDATE support_tickets SET subject = 'Other' WHERE id = {moved.id}")
    write(database, f"DELETE FROM support_tickets WHERE id = {gone.id}")

    done = cli(*ASSIGN, "--plan", str(plan), "-o", "json")

    assert done.code == 0
    assert [(item["id"], item["outcome"], item["reason"]) for item in items(done.out)] == [
        (kept.id, "changed", None),
        (moved.id, "skipped", "changed since the plan"),
        (gone.id, "skipped", "changed since the plan"),
    ]
    stored = rows(database, "SELECT status FROM support_tickets ORDER BY id")
    assert [row["status"] for row in stored] == ["in_progress", "open"]


CHANGES = (
    *("ticket_number = 'TKT-OTHER'", "user_id = 9", "subject = 'Other'", "description = ''"),
    *("priority = 'low'", "status = 'resolved'", "category = ''", "assigned_to = 7"),
    *("order_id = 7", "metadata = NULL", "resolved_at = created_at", "closed_at = created_at"),
    *("created_at = '2001-01-01 00:00:00'", "updated_at = '2001-01-01 00:00:00'"),
)


@each_database
def test_a_change_of_any_column_breaks_the_guard(cli: Cli, database: Database, plan: Path) -> None:
    tickets = [created(database, system_clock) for _ in CHANGES]
    columns = {change.split()[0] for change in CHANGES}
    assert columns | {"id"} == set(rows(database, "SELECT * FROM support_tickets")[0])
    planned(cli, plan)
    for ticket, change in zip(tickets, CHANGES, strict=True):
        write(database, f"UPDATE support_tickets SET {change} WHERE id = {ticket.id}")

    done = cli(*ASSIGN, "--plan", str(plan), "-o", "json")

    assert done.code == 0
    assert {item["reason"] for item in items(done.out)} == {"changed since the plan"}
    assert not rows(database, "SELECT 1 FROM support_tickets WHERE assigned_to = 10")


@each_database
def test_a_value_that_moved_to_the_next_column_breaks_the_guard(
    cli: Cli, database: Database, plan: Path
) -> None:
    created(database, system_clock)
    write(database, "UPDATE support_tickets SET assigned_to = 7, order_id = NULL")
    planned(cli, plan)
    write(database, "UPDATE support_tickets SET assigned_to = NULL, order_id = 7")

    done = cli(*ASSIGN, "--plan", str(plan), "-o", "json")

    assert [item["reason"] for item in items(done.out)] == ["changed since the plan"]


@pytest.mark.only_on("sqlite")
def test_a_text_that_is_none_ends_no_plan(cli: Cli, database: Database, plan: Path) -> None:
    for _ in range(2):
        created(database, system_clock)
    write(database, "UPDATE support_tickets SET subject = CAST(X'ff' AS TEXT) WHERE id = 1")
    planned(cli, plan)
    write(database, "UPDATE support_tickets SET subject = CAST(X'fe' AS TEXT) WHERE id = 1")

    done = cli(*ASSIGN, "--plan", str(plan), "-o", "json")

    assert [item["outcome"] for item in items(done.out)] == ["skipped", "changed"]


def test_the_same_plan_again_changes_nothing_more(
    cli: Cli, database: Database, plan: Path
) -> None:
    created(database, system_clock)
    planned(cli, plan)
    assert cli(*ASSIGN, "--plan", str(plan)).code == 0
    before = rows(database, "SELECT * FROM support_tickets")

    again = cli(*ASSIGN, "--plan", str(plan), "-o", "json")

    assert again.code == 0
    assert [item["reason"] for item in items(again.out)] == ["changed since the plan"]
    assert rows(database, "SELECT * FROM support_tickets") == before


def spoilt(plan: Path, how: str) -> None:
    """Damage the file as a person, an editor or a full disk does."""
    text = plan.read_text()
    first, _, rest = text.partition("\n")
    match how:
        case "a row taken out":
            plan.write_text(f"{first}\n" + rest.partition("\n")[2])
        case "another agent":
            plan.write_text(text.replace('"to": 10', '"to": 11'))
        case "another guard":
            plan.write_text(text.replace('"open"', '"closed"'))
        case "another verb":
            plan.write_text(text.replace('"assign"', '"unassign"'))
        case "cut in the middle":
            plan.write_text(text[: len(text) - 40])
        case "rows twice":
            plan.write_text(text + rest)
        case "another count":
            plan.write_text(text.replace('"rows": 2', '"rows": 1'))


@pytest.mark.parametrize(
    "how",
    [
        *("a row taken out", "another agent", "another guard", "another verb"),
        *("cut in the middle", "rows twice", "another count"),
    ],
)
def test_a_plan_that_was_edited_or_cut_short_is_refused(
    cli: Cli, database: Database, plan: Path, how: str
) -> None:
    for _ in range(2):
        created(database, system_clock)
    planned(cli, plan)
    spoilt(plan, how)

    done = cli(*ASSIGN, "--plan", str(plan))

    assert done.code == 5
    assert "was edited or cut short" in done.err
    assert {row["status"] for row in rows(database, "SELECT status FROM support_tickets")} == {
        "open"
    }


@pytest.mark.parametrize("content", ["", "\n", "not JSON", "[]", "{}", '{"plan": "x"}', "\xff"])
def test_what_is_no_plan_is_a_usage_error(cli: Cli, plan: Path, content: str) -> None:
    plan.write_bytes(content.encode("latin-1"))

    assert cli(*ASSIGN, "--plan", str(plan)).code == 2


def test_a_plan_that_is_not_there_or_of_another_verb_is_a_usage_error(
    cli: Cli, database: Database, plan: Path
) -> None:
    assert cli(*ASSIGN, "--plan", str(plan)).code == 2
    created(database, system_clock)
    planned(cli, plan)

    done = cli("ticket", "bulk", "unassign", "--plan", str(plan))

    assert done.code == 2
    assert "is one of 'ticket bulk assign'" in done.err


def test_a_plan_of_another_database_is_refused(cli: Cli, database: Database, plan: Path) -> None:
    created(database, system_clock)
    planned(cli, plan)
    write(database, "UPDATE savctl_meta SET value = 'x' WHERE name = 'database-id'")

    done = cli(*ASSIGN, "--plan", str(plan))

    assert done.code == 5
    assert "is for the database" in done.err


def test_a_plan_with_digests_of_its_own_still_passes_every_rule(
    cli: Cli, database: Database, plan: Path
) -> None:
    open_one, closed = (
        created(database, system_clock),
        brought_to(database, system_clock, Status.CLOSED),
    )
    lines = planned(cli, plan)
    lines[2]["outcome"] = "changed"
    lines[0]["changes"] = 2
    plan.write_bytes(forged(lines))

    done = cli(*ASSIGN, "--plan", str(plan), "-o", "json")

    assert done.code == 3
    assert [(item["id"], item["outcome"]) for item in items(done.out)] == [
        (open_one.id, "changed"),
        (closed.id, "refused"),
    ]


@pytest.mark.parametrize("row", [{}, {"id": "1"}, {"id": -1}, {"steps": 1}, {"guard": 1}])
def test_a_row_that_is_none_is_refused_before_anything_is_done(
    cli: Cli, database: Database, plan: Path, row: dict[str, object]
) -> None:
    created(database, system_clock)
    lines = planned(cli, plan)
    plan.write_bytes(forged([lines[0], lines[1], {**lines[1], **row} if row else {}]))

    assert cli(*ASSIGN, "--plan", str(plan)).code == 5
    assert rows(database, "SELECT status FROM support_tickets") == [{"status": "open"}]


def test_a_plan_file_is_never_overwritten_unless_forced(
    cli: Cli, database: Database, plan: Path
) -> None:
    created(database, system_clock)
    planned(cli, plan)
    before = plan.read_bytes()

    again = cli(*ASSIGN, "--all", "--to", "11", "--plan-out", str(plan), "--yes")

    assert again.code == 6
    assert plan.read_bytes() == before
    assert planned(cli, plan, "--force")


def test_the_brake_holds_for_a_plan_and_other_arguments_are_refused(
    cli: Cli, database: Database, plan: Path
) -> None:
    for _ in range(2):
        created(database, system_clock)
    planned(cli, plan)

    assert cli(*ASSIGN, "--plan", str(plan), "--max-changes", "1").code == 6
    assert cli(*ASSIGN, "--plan", str(plan), "--to", "11").code == 2
    assert cli(*ASSIGN, "--plan", str(plan), "--dry-run").code == 0
    assert {row["status"] for row in rows(database, "SELECT status FROM support_tickets")} == {
        "open"
    }
    assert cli(*ASSIGN, "--plan", str(plan), "--to", "10", "--max-changes", "2").code == 0


def test_a_plan_of_auto_names_the_agent_of_each_ticket(
    cli: Cli, database: Database, plan: Path
) -> None:
    brought_to(database, system_clock, Status.IN_PROGRESS)
    created(database, system_clock)

    written = cli(*ASSIGN, "--status", "open", "--to", "auto", "--plan-out", str(plan))
    done = cli(*ASSIGN, "--plan", str(plan))

    assert (written.code, done.code) == (0, 0)
    assert json.loads(plan.read_text().splitlines()[1])["steps"] == [{"verb": "assign", "to": 10}]
    assert {row["assigned_to"] for row in rows(database, "SELECT * FROM support_tickets")} == {10}
