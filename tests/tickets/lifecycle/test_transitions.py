"""The state machine on the command line (rules 2, 11.3; command line, 1.11 and 1.13)."""

from __future__ import annotations

import json
from itertools import product

import pytest

from savctl.domain.model.states import Status
from savctl.persistence.engine import Database
from savctl.ports import SetClock
from tests.conftest import Cli
from tests.given import brought_to, rows, snapshot
from tests.model.test_states import DIAGRAM, WAYS

OPEN, WORK, WAIT, DONE, SHUT = Status
PAIRS = list(product(Status, Status))
STATUS_EVENTS = "SELECT envelope FROM savctl_outbox WHERE event = 'TicketStatusChanged'"


def command(origin: Status, to: Status, ticket: str) -> tuple[object, ...]:
    """The words with which one asks for it."""
    to_work = {WAIT: ("resume",), DONE: ("reopen",)}.get(origin, ("assign", "--to", "10"))
    words: dict[Status, tuple[str, ...]] = {
        OPEN: ("unassign", "--reason", "why"),
        WORK: to_work,
        WAIT: ("wait",),
        DONE: ("resolve",),
        SHUT: ("close", "--reason", "why"),
    }
    return ("ticket", *words[to], ticket)


@pytest.mark.parametrize(("origin", "to"), sorted(DIAGRAM))
def test_the_nine_arrows_can_be_taken_by_hand(
    cli: Cli, database: Database, clock: SetClock, origin: Status, to: Status
) -> None:
    ticket = brought_to(database, clock, origin)

    outcome = cli(*command(origin, to, ticket.ticket_number), "-o", "json")

    answer = json.loads(outcome.out)
    assert (outcome.code, answer["status"], answer["changed"]) == (0, str(to), True)


@pytest.mark.parametrize(("origin", "to"), sorted(set(PAIRS) - DIAGRAM))
def test_every_other_pair_is_a_no_op_or_refused_with_the_allowed_list(
    cli: Cli, database: Database, clock: SetClock, origin: Status, to: Status
) -> None:
    ticket = brought_to(database, clock, origin)
    before = snapshot(database)

    outcome = cli(*command(origin, to, ticket.ticket_number), "-o", "json")

    assert snapshot(database) == before
    if origin is to:
        assert (outcome.code, json.loads(outcome.out)["changed"]) == (0, False)
        return
    error = json.loads(outcome.err)["error"]
    assert (outcome.code, outcome.out, error["exit"]) == (5, "", 5)
    assert error["message"].startswith(f"{ticket.ticket_number} is {origin}: cannot ")
    assert error["ticket_number"] == ticket.ticket_number
    hint = error["hint"]
    assert "closed is final" in hint if origin is SHUT else "Allowed from" in hint
    assert all(str(after) in hint for before_, after in DIAGRAM if before_ is origin)


@pytest.mark.parametrize(
    ("verb", "origin", "other"),
    [("resume", DONE, "reopen"), ("reopen", WAIT, "resume"), ("resume", OPEN, "assign")],
)
def test_resume_and_reopen_name_each_other(
    cli: Cli, database: Database, clock: SetClock, verb: str, origin: Status, other: str
) -> None:
    ticket = brought_to(database, clock, origin)

    outcome = cli("ticket", verb, ticket.ticket_number)

    assert outcome.code == 5
    assert f"savctl ticket {other}" in outcome.err


@pytest.mark.parametrize(("origin", "to"), [(o, t) for o, t in PAIRS if t is not OPEN])
def test_a_bridge_takes_the_legal_steps_from_any_state_to_any(
    cli: Cli, database: Database, clock: SetClock, origin: Status, to: Status
) -> None:
    ticket = brought_to(database, clock, origin)
    reported_before = len(rows(database, STATUS_EVENTS))
    verb = {WORK: "resume", WAIT: "wait", DONE: "resolve", SHUT: "close"}[to]
    reason = ("--reason", "why") if to is SHUT else ()

    outcome = cli(
        "ticket", verb, ticket.ticket_number, "--bridge", "--as", 10, *reason, "-o", "json"
    )

    payload = [json.loads(row["envelope"])["data"] for row in rows(database, STATUS_EVENTS)]
    steps = [str(data["new_status"]) for data in payload[reported_before:]]
    if origin is SHUT and to is not SHUT:
        assert (outcome.code, outcome.out, steps) == (5, "", [])
        return
    answer = json.loads(outcome.out)
    way = WAYS.get((origin, to), [] if origin is to else [to])
    assert (outcome.code, answer["status"]) == (0, str(to))
    assert steps == list(map(str, way))
    history = [entry["to"] for entry in answer["metadata"]["history"]]
    assert history[len(history) - len(way) :] == list(map(str, way))


def test_a_duplicate_goes_back_through_open_so_that_nobody_is_notified_of_a_solution(
    cli: Cli, database: Database, clock: SetClock
) -> None:
    original = brought_to(database, clock, OPEN)
    ticket = brought_to(database, clock, WORK)

    outcome = cli(
        *(
            "ticket",
            "close",
            ticket.ticket_number,
            "--duplicate-of",
            original.ticket_number,
            "--bridge",
        ),
        *("-o", "json"),
    )

    answer = json.loads(outcome.out)
    assert (outcome.code, answer["status"]) == (0, "closed")
    assert answer["metadata"]["history"][-1]["reason"] == f"duplicate of {original.ticket_number}"
    assert rows(database, "SELECT id FROM savctl_outbox WHERE event = 'TicketResolved'") == []


@pytest.mark.parametrize(
    "words",
    [
        *(("assign", "{}", "--to", 10), ("assign", "{}", "--to", 11), ("assign", "{}", "--to")),
        *(("unassign", "{}", "--reason", "x"), ("wait", "{}"), ("resume", "{}"), ("reopen", "{}")),
        *(("resolve", "{}"), ("resolve", "{}", "--message", "x"), ("wait", "{}", "--bridge")),
        *(("priority", "{}", "high", "--reason", "x"), ("edit", "{}", "--subject", "x")),
        *(("edit", "{}", "--tag", "x"), ("edit", "{}", "--meta", "a=1")),
        *(("add", "{}", "--from", "customer:456", "--body", "x"),),
        *(("add", "{}", "--from", "agent:10", "--body", "x"),),
        *(("add", "{}", "--from", "agent:10", "--body", "x", "--internal"),),
        *(("add", "{}", "--from", "customer:456", "--body", "x", "--reopen"),),
    ],
)
def test_closed_is_final_for_every_writer(
    cli: Cli, database: Database, clock: SetClock, words: tuple[object, ...]
) -> None:
    ticket = brought_to(database, clock, SHUT)
    before = snapshot(database)
    auto = ("auto",) if words[-1] == "--to" else ()
    group = "message" if words[0] == "add" else "ticket"

    outcome = cli(group, *(str(word).format(ticket.ticket_number) for word in (*words, *auto)))

    assert (outcome.code, outcome.out) == (5, "")
    assert f"{ticket.ticket_number} is closed" in outcome.err
    assert snapshot(database) == before


def test_a_closed_ticket_can_be_read_and_followed_up(
    cli: Cli, database: Database, clock: SetClock
) -> None:
    ticket = brought_to(database, clock, SHUT)

    codes = [
        cli("ticket", "show", ticket.ticket_number).code,
        cli("ticket", "history", ticket.ticket_number).code,
        cli("message", "list", ticket.ticket_number).code,
        cli("message", "read", ticket.ticket_number, "--by", 10).code,
        cli(
            *("ticket", "create", "--user", 456, "--subject", "again", "--description", "x"),
            *("--follow-up-of", ticket.ticket_number),
        ).code,
    ]

    assert codes == [0] * 5


@pytest.mark.parametrize("status", [WAIT, DONE])
def test_a_no_op_does_not_hide_a_message(
    cli: Cli, database: Database, clock: SetClock, status: Status
) -> None:
    ticket = brought_to(database, clock, status)
    before = snapshot(database)
    verb = "wait" if status is WAIT else "resolve"

    outcome = cli("ticket", verb, ticket.ticket_number, "--message", "Hello", "--as", 10)

    assert outcome.code == 5
    assert "the message was not added" in outcome.err
    assert snapshot(database) == before


@pytest.mark.parametrize(
    "words",
    [
        *(("ticket", "show"), ("ticket", "history"), ("ticket", "resume"), ("ticket", "reopen")),
        *(("message", "list"), ("message", "read", "--by", 10), ("event", "list", "--ticket")),
        *(("ticket", "assign", "--to", 10), ("ticket", "unassign", "--reason", "x")),
        *(("ticket", "resolve"), ("ticket", "wait"), ("ticket", "close", "--reason", "x")),
        *(("ticket", "edit", "--subject", "x"),),
        *(("message", "add", "--from", "customer:456", "--body", "x"),),
    ],
)
@pytest.mark.parametrize("ticket", ["TKT-NOSUCH00", 999_999])
def test_a_ticket_that_is_not_there_is_named(
    cli: Cli, words: tuple[object, ...], ticket: object
) -> None:
    outcome = cli(*words, ticket)

    assert (outcome.code, outcome.out) == (4, "")
    assert f"no ticket {ticket}" in outcome.err
