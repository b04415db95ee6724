"""Each bulk verb on some tickets: rows, history, events and the answer (rules 15.1)."""

from __future__ import annotations

import json
from pathlib import Path

from savctl.domain.model.priority import Priority
from savctl.domain.model.states import Status
from savctl.persistence.engine import Database
from savctl.ports import SetClock, system_clock
from tests.conftest import Cli
from tests.given import AGENT, BOSS, DAY, brought_to, created, rows, write

BULK = ("ticket", "bulk")


def outcomes(out: str) -> list[tuple[str, str, str | None]]:
    return [(i["ticket_number"], i["outcome"], i["reason"]) for i in json.loads(out)["items"]]


def events_of(database: Database) -> list[str]:
    return [row["event"] for row in rows(database, "SELECT event FROM savctl_outbox ORDER BY id")]


def test_open_tickets_are_assigned_with_history_audit_and_events_of_the_single_command(
    cli: Cli, database: Database
) -> None:
    one, two = created(database, system_clock), created(database, system_clock)
    write(database, "DELETE FROM savctl_outbox")

    done = cli(*BULK, "assign", "--status", "open", "--to", str(AGENT), "--yes", "-o", "json")

    assert done.code == 0, done.err
    assert outcomes(done.out) == [
        (one.ticket_number, "changed", None),
        (two.ticket_number, "changed", None),
    ]
    operation = json.loads(done.out)["operation"]
    assert operation.startswith("op-")
    stored = rows(database, "SELECT status, assigned_to, metadata FROM support_tickets")
    assert [(row["status"], row["assigned_to"]) for row in stored] == [("in_progress", AGENT)] * 2
    actions = [e["action"] for e in json.loads(stored[0]["metadata"])["history"]]
    assert actions == ["created", "assigned", "status"]
    assert events_of(database) == ["TicketAssigned", "TicketStatusChanged"] * 2
    audited = rows(database, "SELECT action, ticket_id, run_id, entry FROM savctl_audit")
    named = [row for row in audited if operation in row["entry"]]
    assert [row["action"] for row in named] == ["bulk"]
    run_id = int(operation.removeprefix("op-"))
    assert sum(row["run_id"] == run_id and row["ticket_id"] is not None for row in audited) == 4


def test_a_dry_run_shows_every_row_and_changes_nothing(cli: Cli, database: Database) -> None:
    created(database, system_clock)
    closed = brought_to(database, system_clock, Status.CLOSED)
    before = rows(database, "SELECT * FROM support_tickets")

    done = cli(*BULK, "assign", "--all", "--to", "10", "--dry-run", "-o", "json")

    assert done.code == 3
    assert json.loads(done.out)["operation"] is None
    assert [each[1] for each in outcomes(done.out)] == ["changed", "refused"]
    assert f"{closed.ticket_number} is closed" in str(outcomes(done.out)[1][2])
    assert rows(database, "SELECT * FROM support_tickets") == before
    assert rows(database, "SELECT * FROM savctl_runs") == []


def test_what_a_rule_refuses_is_named_and_the_others_are_done(
    cli: Cli, database: Database
) -> None:
    work = brought_to(database, system_clock, Status.IN_PROGRESS)
    fresh = created(database, system_clock)

    done = cli(*BULK, "resolve", "--all", "--yes", "--as", str(BOSS), "-o", "json")

    assert done.code == 3
    assert outcomes(done.out)[0] == (work.ticket_number, "changed", None)
    number, outcome, reason = outcomes(done.out)[1]
    assert (number, outcome) == (fresh.ticket_number, "refused")
    assert "is open: cannot resolve" in str(reason)
    assert "1 of 2 tickets refused" in done.err


def test_a_bridge_takes_the_steps_in_between(cli: Cli, database: Database) -> None:
    created(database, system_clock)

    assert cli(*BULK, "resolve", "--all", "--bridge", "--as", "10", "--yes").code == 0

    assert rows(database, "SELECT status FROM support_tickets") == [{"status": "resolved"}]


def test_waiting_with_a_message_writes_to_each_customer(cli: Cli, database: Database) -> None:
    for _ in range(2):
        brought_to(database, system_clock, Status.IN_PROGRESS)
    write(database, "DELETE FROM savctl_outbox")

    done = cli(*BULK, "wait", "--agent", "10", "--message", "A photo?", "--yes", "-o", "json")

    assert done.code == 0, done.err
    messages = rows(database, "SELECT sender_id, message, is_internal FROM ticket_messages")
    assert [(m["sender_id"], m["message"], bool(m["is_internal"])) for m in messages] == [
        (AGENT, "A photo?", False)
    ] * 2
    assert sorted(events_of(database)) == ["MessageAdded"] * 2 + ["TicketStatusChanged"] * 2
    notes = rows(database, "SELECT entry FROM savctl_audit WHERE action = 'bulk'")
    assert "photo" not in str(notes)


def test_a_message_is_not_hidden_by_a_status_that_a_ticket_has_already(
    cli: Cli, database: Database
) -> None:
    brought_to(database, system_clock, Status.WAITING_CUSTOMER)

    done = cli(*BULK, "wait", "--all", "--message", "A photo?", "--yes", "-o", "json")

    assert done.code == 3
    assert "the message was not added" in str(outcomes(done.out)[0][2])
    assert rows(database, "SELECT * FROM ticket_messages") == []


def test_the_priority_and_its_promise_are_set(cli: Cli, database: Database) -> None:
    created(database, system_clock)
    created(database, system_clock, priority=Priority.HIGH)

    done = cli(*BULK, "priority", "high", "--all", "--reason", "fair", "--yes", "-o", "json")

    assert done.code == 0, done.err
    assert [each[1:] for each in outcomes(done.out)] == [
        ("changed", None),
        ("skipped", "is so already"),
    ]
    stored = rows(database, "SELECT priority, metadata FROM support_tickets")
    assert {row["priority"] for row in stored} == {"high"}
    assert json.loads(stored[0]["metadata"])["sla"]["promise"]["priority"] == "high"


def test_tags_are_added_and_removed(cli: Cli, database: Database) -> None:
    created(database, system_clock, tags=("old", "kept"))
    created(database, system_clock, tags=("new",))

    done = cli(*BULK, "tag", "--all", "--add", "new", "--remove", "old", "--yes", "-o", "json")

    assert done.code == 0, done.err
    assert [each[1] for each in outcomes(done.out)] == ["changed", "skipped"]
    stored = rows(database, "SELECT metadata FROM support_tickets ORDER BY id")
    assert [json.loads(row["metadata"])["tags"] for row in stored] == [["kept", "new"], ["new"]]


def test_tickets_of_a_filter_are_closed_and_no_others(cli: Cli, database: Database) -> None:
    brought_to(database, system_clock, Status.RESOLVED)
    created(database, system_clock)

    done = cli(*BULK, "close", "--status", "resolved", "--reason", "over", "--yes")

    assert done.code == 0
    assert [
        row["status"] for row in rows(database, "SELECT status FROM support_tickets ORDER BY id")
    ] == [
        "closed",
        "open",
    ]
    assert "changed    1" in done.out


def test_an_agent_on_leave_gives_the_tickets_back(cli: Cli, database: Database) -> None:
    brought_to(database, system_clock, Status.IN_PROGRESS)
    waiting = brought_to(database, system_clock, Status.WAITING_CUSTOMER)

    done = cli(*BULK, "unassign", "--agent", "10", "--reason", "leave", "--yes", "-o", "json")

    assert done.code == 3
    assert [each[0] for each in outcomes(done.out) if each[1] == "refused"] == [
        waiting.ticket_number
    ]


def test_auto_spreads_tickets_over_the_agents_who_are_there(cli: Cli, database: Database) -> None:
    for agent in (10, 10, 11):
        ticket = created(database, system_clock)
        assert cli("ticket", "assign", str(ticket.id), "--to", str(agent)).code == 0
    for _ in range(3):
        created(database, system_clock)

    assert cli(*BULK, "assign", "--status", "open", "--to", "auto", "--yes").code == 0

    loads = rows(
        database, "SELECT assigned_to, COUNT(*) AS n FROM support_tickets GROUP BY assigned_to"
    )
    assert [(row["assigned_to"], row["n"]) for row in loads] == [(10, 3), (11, 3)]


def test_nobody_to_choose_from_refuses_each_ticket(cli: Cli, database: Database) -> None:
    created(database, system_clock)

    done = cli(*BULK, "assign", "--status", "open", "--to", "auto", "--yes", "-o", "json")

    assert done.code == 3
    assert outcomes(done.out)[0][1:] == ("refused", "no agent is known to choose from")


def test_times_of_a_ticket_never_run_backwards(cli: Cli, database: Database) -> None:
    created(database, SetClock(system_clock() + DAY))

    assert cli(*BULK, "assign", "--all", "--to", "10", "--yes").code == 0

    stored = rows(database, "SELECT created_at, updated_at FROM support_tickets")
    assert stored[0]["updated_at"] >= stored[0]["created_at"]


def test_repeats_of_one_ticket_are_closed_and_that_one_is_left(
    cli: Cli, database: Database
) -> None:
    original, one, two = (created(database, system_clock) for _ in range(3))
    working = brought_to(database, system_clock, Status.IN_PROGRESS)
    write(database, "DELETE FROM savctl_outbox")
    words = (*BULK, "close", "--all", "--duplicate-of", original.ticket_number)

    done = cli(*words, "--reason", "outage", "--bridge", "--yes", "-o", "json")

    assert done.code == 0, done.err
    assert outcomes(done.out) == [
        (original.ticket_number, "skipped", "is the one that the others repeat"),
        (one.ticket_number, "changed", None),
        (two.ticket_number, "changed", None),
        (working.ticket_number, "changed", None),
    ]
    stored = rows(database, "SELECT status, metadata FROM support_tickets ORDER BY id")
    assert [row["status"] for row in stored] == ["open", "closed", "closed", "closed"]
    why = f"duplicate of {original.ticket_number}: outage"
    for row in stored[1:]:
        assert json.loads(row["metadata"])["history"][-1]["reason"] == why
    assert "TicketResolved" not in events_of(database)  # nobody is told of a solution


def test_a_ticket_that_is_not_there_has_no_repeats(cli: Cli, database: Database) -> None:
    ticket = created(database, system_clock)

    missing = cli(*BULK, "close", "--all", "--duplicate-of", "TKT-ZZZZZZZZ", "--yes")
    neither = cli(*BULK, "close", "--all", "--yes")

    assert (missing.code, neither.code) == (4, 2)
    assert "--duplicate-of" in neither.err
    stored = rows(database, f"SELECT status FROM support_tickets WHERE id = {ticket.id}")
    assert [row["status"] for row in stored] == ["open"]


def test_a_plan_keeps_what_is_repeated(cli: Cli, database: Database, tmp_path: Path) -> None:
    original, one = created(database, system_clock), created(database, system_clock)
    plan = tmp_path / "plan.jsonl"
    words = (*BULK, "close", "--duplicate-of", str(original.id))

    assert cli(*words, "--all", "--plan-out", plan).code == 0
    other = cli(*BULK, "close", "--duplicate-of", str(one.id), "--plan", plan)
    done = cli(*words, "--plan", plan, "-o", "json")

    assert other.code == 2
    assert done.code == 0, done.err
    assert [each[1] for each in outcomes(done.out)] == ["skipped", "changed"]
    (row,) = rows(database, f"SELECT metadata FROM support_tickets WHERE id = {one.id}")
    reason = json.loads(row["metadata"])["history"][-1]["reason"]
    assert reason == f"duplicate of {original.ticket_number}"
