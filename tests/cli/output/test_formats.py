"""Every answer in every format (contract 1.1, 1.2; rules 11.10)."""

from __future__ import annotations

import csv
import io
import json
from pathlib import Path
from typing import Any

import pytest

from savctl.domain.model.states import Status
from savctl.persistence.engine import Database
from savctl.ports import SetClock
from tests.cli.shop import ANSWERS, COMMANDS, LONG, examples, shop_for
from tests.conftest import Cli
from tests.given import brought_to, created

TICKET = [
    *("id", "ticket_number", "user_id", "subject", "description", "priority", "status"),
    *("category", "assigned_to", "order_id", "metadata", "resolved_at", "closed_at"),
    *("created_at", "updated_at"),
]
MESSAGE = [
    *("id", "ticket_id", "sender_id", "sender_type", "message", "is_internal", "read_at"),
    *("created_at", "updated_at"),
]
EVENT = [
    *("id", "event_id", "event", "routing_key", "ticket_id", "occurred_at", "published_at"),
    *("attempts", "dead_at", "last_error", "envelope"),
]
HISTORY = ["at", "actor", "action", "from", "to", "reason"]
# What is printed as it is, for a shell or for cron; a tail has no end.
PLAIN = ("savctl completion", "savctl job crontab", "savctl event tail", "savctl scheduler tick")
# One object in JSON, around the tickets that are the rows of the other formats.
AROUND = ("savctl ticket bulk",)


def first_examples() -> list[str]:
    """An example of each command that answers with data; writers only say what they would do."""
    chosen = []
    for command in COMMANDS.values():
        example = examples(command)[0]
        if example in ANSWERS or example.startswith((*LONG, *PLAIN, *AROUND)):
            continue
        is_dry = "--dry-run" in example or all("--dry-run" not in p.opts for p in command.params)
        chosen.append(example if is_dry else f"{example} --dry-run")
    return [example for example in chosen if "-o" not in example.split()]


def as_rows(text: str) -> list[dict[str, Any]]:
    found = json.loads(text)
    return found if isinstance(found, list) else [found]


@pytest.mark.only_on("sqlite")
@pytest.mark.parametrize("example", first_examples())
def test_the_answer_is_the_same_in_all_five_formats(
    cli: Cli, database: Database, tmp_path: Path, example: str
) -> None:
    words = shop_for(cli, database, tmp_path, example)

    shown = {f: cli(*words, "-q", "-o", f) for f in ("table", "json", "jsonl", "csv", "ids")}

    assert {outcome.code for outcome in shown.values()} == {0}
    rows = as_rows(shown["json"].out)
    lines = [json.loads(line) for line in shown["jsonl"].out.splitlines()]
    cells = list(csv.reader(io.StringIO(shown["csv"].out, newline="")))
    assert [list(line) for line in lines] == [list(row) for row in rows]
    assert cells[1:] == [] or cells[0] == list(rows[0])
    assert [len(row) for row in cells] == [len(cells[0])] * (len(rows) + 1)
    assert len(shown["ids"].out.splitlines()) == len(rows)
    assert "\x1b" not in shown["table"].out


@pytest.mark.only_on("mariadb", "mysql")
@pytest.mark.parametrize("example", first_examples())
def test_what_a_server_answers_is_json_and_csv_too(
    cli: Cli, database: Database, tmp_path: Path, example: str
) -> None:
    words = shop_for(cli, database, tmp_path, example)

    rows = as_rows(cli(*words, "-q", "-o", "json").out)
    cells = list(csv.reader(io.StringIO(cli(*words, "-q", "-o", "csv").out, newline="")))

    assert [len(row) for row in cells] == [len(cells[0])] * (len(rows) + 1)


@pytest.mark.parametrize(
    ("words", "keys"),
    [
        (("ticket", "list"), TICKET),
        (("ticket", "show", "{}"), TICKET),
        (("ticket", "next"), TICKET),
        (("ticket", "history", "{}"), HISTORY),
        (("message", "list", "{}"), MESSAGE),
        (("event", "list"), EVENT),
        (("event", "show", "1"), EVENT),
        (("ticket", "assign", "{}", "--to", "10", "-n"), [*TICKET, "changed", "dry_run"]),
        (("ticket", "edit", "{}", "--tag", "x", "-n"), [*TICKET, "changed", "dry_run"]),
        (
            ("message", "add", "{}", "--from", "customer:456", "--body", "x", "-n"),
            [*MESSAGE, "ticket_number", "status", "changed", "dry_run"],
        ),
    ],
)
def test_the_keys_are_the_columns_in_their_order(
    cli: Cli, database: Database, clock: SetClock, words: tuple[str, ...], keys: list[str]
) -> None:
    ticket = created(database, clock)
    cli("message", "add", ticket.ticket_number, "--from", "customer:456", "--body", "Hi")

    outcome = cli(*(word.format(ticket.ticket_number) for word in words), "-o", "json")

    assert list(as_rows(outcome.out)[0]) == keys


def test_times_are_utc_with_z_nulls_are_printed_and_metadata_is_an_object(
    cli: Cli, database: Database, clock: SetClock
) -> None:
    number = created(database, clock).ticket_number

    row = json.loads(cli("ticket", "show", number, "-o", "json").out)

    assert row["created_at"] == row["updated_at"] == "2025-10-03T10:30:00Z"
    assert row["resolved_at"] is row["closed_at"] is row["category"] is row["order_id"] is None
    assert row["metadata"]["sla"]["promise"]["priority"] == "medium"


def test_one_ticket_is_an_object_and_several_are_an_array(
    cli: Cli, database: Database, clock: SetClock
) -> None:
    one, two = created(database, clock).ticket_number, created(database, clock).ticket_number

    alone = cli("ticket", "assign", one, "--to", 10, "-n", "-o", "json")
    both = cli("ticket", "assign", one, two, "--to", 10, "-n", "-o", "json")
    listed = cli("ticket", "assign", "-", "--to", 10, "-n", "-o", "json", stdin=one)

    assert isinstance(json.loads(alone.out), dict)
    assert [row["ticket_number"] for row in json.loads(both.out)] == [one, two]
    assert [row["ticket_number"] for row in json.loads(listed.out)] == [one]


@pytest.mark.parametrize("words", [("ticket", "list"), ("event", "list"), ("message", "unread")])
@pytest.mark.parametrize(
    ("form", "nothing"), [("table", ""), ("json", "[]\n"), ("jsonl", ""), ("ids", "")]
)
def test_an_empty_list_is_no_failure(
    cli: Cli, words: tuple[str, ...], form: str, nothing: str
) -> None:
    outcome = cli(*words, "-o", form)

    assert (outcome.code, outcome.out) == (0, nothing)


@pytest.mark.parametrize("words", [("ticket", "list"), ("event", "list"), ("message", "unread")])
def test_an_empty_csv_has_the_header_of_a_full_one(
    cli: Cli, database: Database, clock: SetClock, words: tuple[str, ...]
) -> None:
    empty = cli(*words, "-o", "csv").out
    ticket = created(database, clock)
    cli("message", "add", ticket.ticket_number, "--from", "customer:456", "--body", "Hi")

    full = cli(*words, "-o", "csv").out

    assert empty.splitlines() == full.splitlines()[:1]


def test_columns_are_picked_and_reach_into_metadata(
    cli: Cli, database: Database, clock: SetClock
) -> None:
    number = created(database, clock, meta={"a": {"b": [1]}, "c.d": 2}).ticket_number
    picked = ("--columns", "metadata.a.b,id,metadata.sla.promise.priority,metadata.none")

    rows = json.loads(cli("ticket", "list", *picked, "-o", "json").out)
    table = cli("ticket", "show", number, *picked).out
    cells = list(csv.reader(io.StringIO(cli("ticket", "list", *picked, "-o", "csv").out)))

    assert rows == [
        {
            "metadata.a.b": [1],
            "id": 1,
            "metadata.sla.promise.priority": "medium",
            "metadata.none": None,
        }
    ]
    assert [line.split()[0] for line in table.splitlines()] == picked[1].split(",")
    assert cells == [picked[1].split(","), ["[1]", "1", "medium", ""]]


@pytest.mark.parametrize("form", ["table", "json", "jsonl", "csv", "ids"])
def test_a_refusal_leaves_stdout_empty(
    cli: Cli, database: Database, clock: SetClock, form: str
) -> None:
    number = brought_to(database, clock, Status.CLOSED).ticket_number

    outcome = cli("ticket", "resolve", number, "-o", form)

    assert (outcome.code, outcome.out) == (5, "")
    assert outcome.err.startswith("{" if form.startswith("json") else "error: ")
    if form.startswith("json"):
        error = json.loads(outcome.err)["error"]
        assert list(error)[:4] == ["code", "message", "hint", "exit"]
        assert error["ticket_number"] == number
