"""Several tickets at once, named on the line or on stdin (contract 1.7, 1.3)."""

from __future__ import annotations

import json

import pytest

from savctl.domain.model.states import Status
from savctl.persistence.engine import Database
from savctl.ports import SetClock
from tests.conftest import Cli
from tests.given import AGENT, brought_to, created, rows, snapshot

WORK, SHUT = Status.IN_PROGRESS, Status.CLOSED
STATUSES = "SELECT status FROM support_tickets ORDER BY id"


def statuses(database: Database) -> list[str]:
    return [row["status"] for row in rows(database, STATUSES)]


def test_stdin_names_tickets_by_number_by_id_and_in_json_lines(
    cli: Cli, database: Database, clock: SetClock
) -> None:
    one, two, three, four = (brought_to(database, clock, WORK) for _ in range(4))
    lines = (
        f"{one.ticket_number.lower()}\n\n  {two.id}  \r\n"
        f'{{"ticket_number": "{three.ticket_number}", "id": 1}}\n{{"id": {four.id}, "x": 1}}'
    )

    outcome = cli("ticket", "resolve", "-", "-o", "json", stdin=lines)

    answers = json.loads(outcome.out)
    assert outcome.code == 0
    assert [answer["id"] for answer in answers] == [one.id, two.id, three.id, four.id]
    assert statuses(database) == ["resolved"] * 4


def test_what_one_command_lists_the_next_takes(
    cli: Cli, database: Database, clock: SetClock
) -> None:
    for _ in range(3):
        created(database, clock)
    ids = cli("ticket", "list", "-o", "ids").out
    lines = cli("ticket", "list", "-o", "jsonl").out

    codes = [
        cli("ticket", "assign", "-", "--to", 10, stdin=ids).code,
        cli("ticket", "resolve", "-", stdin=lines).code,
    ]

    assert codes == [0, 0]
    assert statuses(database) == ["resolved"] * 3


@pytest.mark.parametrize(
    ("line", "named"),
    [
        (b'{"id": 1', "stdin line 2 is not JSON"),
        (b'{"x": 1}', "stdin line 2 has neither"),
        (b'{"id": 4.5}', "stdin line 2 has neither"),
        (b'{"id": true}', "stdin line 2 has neither"),
        (b'{"a":' * 60_000, "stdin line 2 is not JSON"),
        (b"\xff\xfe", "stdin line 2 is not UTF-8"),
        (b"0", "is not a ticket id"),
        (b"99999999999999999999", "is not a ticket id"),
        (b"a\0b", "names no ticket"),
        (b"x" * 300, "names no ticket"),
        (b'{"ticket_number": "\\ud800"}', "names no ticket"),
    ],
)
def test_a_bad_line_is_named_and_nothing_is_done(
    cli: Cli, database: Database, clock: SetClock, line: bytes, named: str
) -> None:
    ticket = brought_to(database, clock, WORK)
    before = snapshot(database)

    outcome = cli("ticket", "resolve", "-", stdin=ticket.ticket_number.encode() + b"\n" + line)

    assert (outcome.code, outcome.out) == (2, "")
    assert named in outcome.err
    assert snapshot(database) == before


@pytest.mark.parametrize("words", [("-", "1"), ("1", "-"), ("-", "-")])
def test_stdin_stands_alone(cli: Cli, words: tuple[str, ...]) -> None:
    outcome = cli("ticket", "resolve", *words, stdin="1\n")

    assert (outcome.code, outcome.out) == (2, "")
    assert "give it alone" in outcome.err


def test_stdin_is_the_tickets_or_the_message(cli: Cli) -> None:
    outcome = cli("ticket", "resolve", "-", "--message", "-", stdin="1\n")

    assert (outcome.code, outcome.out) == (2, "")
    assert "not both" in outcome.err


def test_a_message_is_read_from_stdin(cli: Cli, database: Database, clock: SetClock) -> None:
    ticket = brought_to(database, clock, WORK)

    outcome = cli("ticket", "resolve", ticket.ticket_number, "--message", "-", stdin="Done\nBye\n")

    assert outcome.code == 0
    assert rows(database, "SELECT message FROM ticket_messages") == [{"message": "Done\nBye"}]


@pytest.mark.parametrize(("form", "nothing"), [("json", "[]\n"), ("jsonl", ""), ("ids", "")])
def test_no_tickets_are_nothing_to_do(cli: Cli, form: str, nothing: str) -> None:
    outcome = cli("ticket", "resolve", "-", "-o", form, stdin="\n\n")

    assert (outcome.code, outcome.out) == (0, nothing)


def test_a_ticket_named_twice_is_changed_once(
    cli: Cli, database: Database, clock: SetClock
) -> None:
    ticket = created(database, clock)

    outcome = cli("ticket", "assign", ticket.ticket_number, ticket.id, "--to", AGENT, "-o", "json")

    answers = json.loads(outcome.out)
    assert [answer["changed"] for answer in answers] == [True, False]
    events = rows(database, "SELECT id FROM savctl_outbox WHERE event = 'TicketAssigned'")
    assert len(events) == 1


def test_one_refusal_is_reported_and_the_others_go_on(
    cli: Cli, database: Database, clock: SetClock
) -> None:
    one, shut, two = (brought_to(database, clock, status) for status in (WORK, SHUT, WORK))
    numbers = (one.ticket_number, shut.ticket_number, "TKT-NOSUCH00", two.ticket_number)

    outcome = cli("ticket", "resolve", *numbers, "-o", "json")

    assert outcome.code == 3
    assert [a["ticket_number"] for a in json.loads(outcome.out)] == [
        one.ticket_number,
        two.ticket_number,
    ]
    errors = [json.loads(line)["error"] for line in outcome.err.splitlines()]
    assert [error["exit"] for error in errors] == [5, 4, 3]
    assert shut.ticket_number in errors[0]["message"]
    assert "TKT-NOSUCH00" in errors[1]["message"]
    assert errors[2]["message"] == "2 of 4 tickets done, 2 refused"
    assert statuses(database) == ["resolved", "closed", "resolved"]


@pytest.mark.parametrize(("status", "code"), [(SHUT, 5), (None, 4)])
def test_when_all_are_refused_alike_the_exit_code_says_so(
    cli: Cli, database: Database, clock: SetClock, status: Status | None, code: int
) -> None:
    known = [brought_to(database, clock, status).ticket_number for _ in range(2) if status]
    numbers = known or ["TKT-NOSUCH00", "TKT-NOSUCH01"]

    outcome = cli("ticket", "resolve", *numbers, "-o", "json")

    assert (outcome.code, json.loads(outcome.out)) == (code, [])
