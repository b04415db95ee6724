"""Which tickets a bulk command takes, when it asks, and when it stops (rules 15.1, settled 15)."""

from __future__ import annotations

import io
import json
import sys

import pytest

from savctl.domain.model.states import Status
from savctl.persistence.engine import Database
from savctl.ports import system_clock
from tests.conftest import Cli
from tests.given import brought_to, created, rows

ASSIGN = ("ticket", "bulk", "assign", "--to", "10")


def typed(monkeypatch: pytest.MonkeyPatch, text: str) -> None:
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(text.encode())))


@pytest.mark.parametrize(
    "words",
    [
        (),
        ("--all", "--status", "open"),
        ("--status", "open", "-"),
        ("--all", "--plan", "plan.jsonl"),
        ("TKT-1",),
    ],
)
def test_exactly_one_thing_says_which_tickets_are_meant(cli: Cli, words: tuple[str, ...]) -> None:
    assert cli(*ASSIGN, *words, "--yes").code == 2


@pytest.mark.parametrize(
    "words",
    [
        ("assign", "--all"),
        ("assign", "--all", "--to", "me"),
        ("unassign", "--all"),
        ("unassign", "--all", "--reason", " "),
        ("close", "--all"),
        ("priority", "--all", "--reason", "x"),
        ("priority", "high", "--all"),
        ("priority", "highest", "--all", "--reason", "x"),
        ("tag", "--all"),
        ("tag", "--all", "--add", "a", "--remove", "a"),
        ("wait", "-", "--message", "-"),
        ("wait", "--all", "--message", ""),
    ],
)
def test_a_verb_without_what_it_needs_is_a_usage_error(cli: Cli, words: tuple[str, ...]) -> None:
    assert cli("ticket", "bulk", *words, "--yes").code == 2


def test_off_a_terminal_yes_is_needed_and_nothing_is_done_without(
    cli: Cli, database: Database
) -> None:
    first = created(database, system_clock)

    done = cli(*ASSIGN, "--status", "open")

    assert done.code == 6
    assert done.out == ""
    assert "1 ticket would change" in done.err
    assert f"first: {first.ticket_number}" in done.err
    assert rows(database, "SELECT status FROM support_tickets") == [{"status": "open"}]


def test_nothing_to_change_needs_no_confirmation(cli: Cli, database: Database) -> None:
    done = cli(*ASSIGN, "--status", "open", "-o", "json")

    assert (done.code, json.loads(done.out)) == (0, {"operation": None, "items": []})
    assert rows(database, "SELECT * FROM savctl_runs") == []


def test_the_brake_stops_before_the_first_and_yes_does_not_lift_it(
    cli: Cli, database: Database
) -> None:
    for _ in range(3):
        created(database, system_clock)

    stopped = cli(*ASSIGN, "--all", "--yes", "--max-changes", "2")
    shown = cli(*ASSIGN, "--all", "--dry-run", "--max-changes", "2")
    done = cli(*ASSIGN, "--all", "--yes", "--max-changes", "3")

    assert (stopped.code, shown.code, done.code) == (6, 0, 0)
    assert "3 tickets would change, more than --max-changes 2" in stopped.err
    assert "the real run would stop" in shown.err
    assert len(rows(database, "SELECT * FROM savctl_runs")) == 1


def test_stdin_takes_ids_numbers_and_json_lines_each_ticket_once(
    cli: Cli, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    one, two, three = (created(database, system_clock) for _ in range(3))
    lines = [
        str(three.id),
        one.ticket_number.lower(),
        json.dumps({"id": two.id}),
        json.dumps({"ticket_number": one.ticket_number, "status": "open"}),
    ]
    typed(monkeypatch, "\n".join(lines))

    done = cli(*ASSIGN, "-", "--yes", "-o", "ids")

    assert done.code == 0, done.err
    assert done.out.split() == [one.ticket_number, two.ticket_number, three.ticket_number]


def test_a_reference_that_names_nothing_is_refused_and_the_others_are_done(
    cli: Cli, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    one = created(database, system_clock)
    typed(monkeypatch, f"TKT-NOSUCH\n999999\n{one.id}\n")

    done = cli(*ASSIGN, "-", "--yes", "-o", "json")

    assert done.code == 3
    items = json.loads(done.out)["items"]
    assert [(i["id"], i["ticket_number"], i["outcome"]) for i in items] == [
        (one.id, one.ticket_number, "changed"),
        (None, "TKT-NOSUCH", "refused"),
        (None, "999999", "refused"),
    ]
    assert items[1]["reason"] == "no ticket TKT-NOSUCH"


def test_digits_that_name_two_tickets_are_refused(
    cli: Cli, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    one, two = created(database, system_clock), created(database, system_clock)
    database.transaction(
        lambda c: c.exec_driver_sql(
            f"UPDATE support_tickets SET ticket_number = '{one.id}' WHERE id = {two.id}"
        )
    )
    typed(monkeypatch, f"{one.id}\nid:{one.id}\n")

    done = cli(*ASSIGN, "-", "--yes", "-o", "json")

    assert done.code == 3
    items = json.loads(done.out)["items"]
    assert [i["outcome"] for i in items] == ["changed", "refused"]
    assert "is the number of ticket" in items[1]["reason"]


def test_columns_of_a_ticket_can_be_picked_in_every_format(cli: Cli, database: Database) -> None:
    number = created(database, system_clock).ticket_number
    picked = ("--columns", "ticket_number,outcome")

    shown = cli(*ASSIGN, "--all", "--dry-run", *picked, "-o", "json")
    table = cli(*ASSIGN, "--all", "--yes", *picked, "--no-headers")

    assert json.loads(shown.out) == [{"ticket_number": number, "outcome": "changed"}]
    assert table.out.split() == [number, "changed"]


def test_more_than_a_page_of_tickets_is_taken(cli: Cli, database: Database) -> None:
    for _ in range(60):
        created(database, system_clock)
    brought_to(database, system_clock, Status.IN_PROGRESS)

    done = cli(*ASSIGN, "--status", "open", "--yes", "-o", "csv")

    lines = done.out.splitlines()
    assert lines[0] == "operation,id,ticket_number,outcome,reason"
    assert len(lines) == 61
