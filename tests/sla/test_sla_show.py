"""`sla show` and `sla explain`: where a promise stands, and why (rules 4.2 to 4.7)."""

from __future__ import annotations

import json
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from savctl.domain.model.priority import Priority
from savctl.domain.model.states import Status
from savctl.domain.model.ticket import Ticket
from savctl.persistence.engine import Database
from savctl.ports import SetClock
from savctl.usecases.batch.batches import BatchContext
from savctl.usecases.batch.report import BatchReport
from savctl.usecases.operation import Operation
from savctl.usecases.sla.escalating import escalate
from savctl.usecases.tickets.assignment import assign_ticket
from savctl.usecases.tickets.conversation import add_message
from savctl.usecases.tickets.transitions import close_ticket, move_ticket, set_priority
from tests.cli.naughty import steering
from tests.conftest import Cli
from tests.given import AGENT, BOSS, CUSTOMER, DAY, SECOND, brought_to, created, snapshot, write

PROJECT = Path(__file__).resolve().parents[2]
HOUR, MINUTE = timedelta(hours=1), timedelta(minutes=1)
FOREIGN = (
    "INSERT INTO support_tickets (ticket_number, user_id, subject, description, priority, status, "
    "assigned_to, resolved_at, created_at, updated_at) VALUES "
)


def scanned(database: Database, clock: SetClock) -> None:
    escalate(database, clock, terms=BatchContext(report=BatchReport()))


def answered(database: Database, clock: SetClock, ticket: Ticket, **more: Any) -> None:
    add_message(
        Operation(database, clock), ticket.id, sender=("agent", AGENT), body="We look.", **more
    )


def shown(cli: Cli, ticket: Ticket | int, at: datetime, verb: str = "show") -> dict[str, Any]:
    """The answer in JSON, told at this moment."""
    ref = ticket if isinstance(ticket, int) else ticket.ticket_number
    outcome = cli("sla", verb, ref, "--at", at.isoformat(), "-o", "json")
    assert outcome.code == 0, outcome.err
    found: dict[str, Any] = json.loads(outcome.out)
    return found


def explained(cli: Cli, ticket: Ticket | int, at: datetime) -> str:
    """The answer for people, its lines joined."""
    ref = ticket if isinstance(ticket, int) else ticket.ticket_number
    outcome = cli("sla", "explain", ref, "--at", at.isoformat())
    assert outcome.code == 0, outcome.err
    return outcome.out


def wait_for_customer(database: Database, clock: SetClock, ticket: Ticket, **more: Any) -> None:
    assign_ticket(Operation(database, clock, actor=BOSS), ticket.id, to=AGENT)
    move_ticket(
        Operation(database, clock, actor=AGENT), ticket.id, Status.WAITING_CUSTOMER, **more
    )


def test_a_new_ticket_shows_its_promise_and_two_running_clocks(
    cli: Cli, database: Database, clock: SetClock
) -> None:
    ticket = created(database, clock)

    row = shown(cli, ticket, clock() + HOUR)

    assert list(row) == [
        *("id", "ticket_number", "status", "priority", "assigned_to", "at", "promise"),
        *("response", "resolution", "source", "problem", "is_counted", "breaches"),
    ]
    assert row["promise"] == {
        "priority": "medium",
        "policy": 1,
        "since": "2025-10-03T10:30:00Z",
    }
    assert row["response"] == {
        "target_minutes": 1440,
        "elapsed_minutes": 60,
        "elapsed_seconds": 3600,
        "state": "running",
        "due_at": "2025-10-04T10:30:00Z",
        "remaining_seconds": 23 * 3600,
        "ended_at": None,
        "ended_by": None,
        "passed_at": None,
        "breached": False,
        "met": None,
        "warning": False,
        "recording": "none",
        "priority": "medium",
        "policy": 1,
    }
    assert row["resolution"]["due_at"] == "2025-10-06T10:30:00Z"
    assert (row["source"], row["is_counted"], row["breaches"]) == ("history", True, [])


@pytest.mark.parametrize(
    ("late", "breached", "passed_at"),
    [(-SECOND, False, None), (0 * SECOND, False, None), (SECOND, True, "2025-10-04T10:30:00Z")],
)
def test_exactly_on_time_is_no_breach_and_a_second_later_is(
    cli: Cli,
    database: Database,
    clock: SetClock,
    late: timedelta,
    breached: bool,
    passed_at: str | None,
) -> None:
    ticket = created(database, clock)

    response = shown(cli, ticket, clock() + DAY + late)["response"]

    assert (response["breached"], response["passed_at"]) == (breached, passed_at)
    assert response["remaining_seconds"] == max(-late, 0 * SECOND).total_seconds()


def test_a_ticket_that_waits_is_paused_and_goes_on_when_it_comes_back(
    cli: Cli, database: Database, clock: SetClock
) -> None:
    ticket = created(database, clock)
    clock.advance(2 * HOUR)
    wait_for_customer(database, clock, ticket)
    clock.advance(5 * DAY)

    paused = shown(cli, ticket, clock())["resolution"]
    explanation = explained(cli, ticket, clock())
    move_ticket(Operation(database, clock, actor=CUSTOMER), ticket.id, Status.IN_PROGRESS)
    again = shown(cli, ticket, clock())["resolution"]

    assert (paused["state"], paused["due_at"], paused["breached"]) == ("paused", None, False)
    assert paused["remaining_seconds"] == 70 * 3600
    assert (
        "resolution: paused: 2 days 22 h left; the customer's answer starts it again"
        in explanation
    )
    assert (again["state"], again["elapsed_minutes"]) == ("running", 120)
    assert again["due_at"] == "2025-10-11T10:30:00Z"


def test_a_solved_ticket_has_kept_its_promise_and_a_reopened_one_runs_on(
    cli: Cli, database: Database, clock: SetClock
) -> None:
    ticket = brought_to(database, clock, Status.IN_PROGRESS)
    clock.advance(HOUR)
    move_ticket(Operation(database, clock, actor=AGENT), ticket.id, Status.RESOLVED)
    clock.advance(20 * HOUR)

    solved = shown(cli, ticket, clock())
    explanation = explained(cli, ticket, clock())
    move_ticket(Operation(database, clock, actor=CUSTOMER), ticket.id, Status.IN_PROGRESS)
    reopened = shown(cli, ticket, clock())

    for side in ("response", "resolution"):
        assert (solved[side]["state"], solved[side]["met"]) == ("ended", True)
        assert solved[side]["ended_at"] == "2025-10-03T11:30:00Z"
    assert "a reopening starts it again with 2 days 23 h left" in explanation
    assert (reopened["response"]["met"], reopened["resolution"]["state"]) == (True, "running")
    assert reopened["resolution"]["elapsed_minutes"] == 60


def test_a_ticket_closed_without_an_answer_says_so(
    cli: Cli, database: Database, clock: SetClock
) -> None:
    ticket = created(database, clock)
    clock.advance(HOUR)
    close_ticket(Operation(database, clock, actor=BOSS), ticket.id, reason="spam")
    clock.advance(DAY)

    explanation = explained(cli, ticket, clock())

    assert "closed without an answer at 2025-10-03T11:30:00Z" in explanation
    assert "nothing more: closed is final" in explanation


def test_a_late_answer_is_reported_with_its_breach_its_raise_and_its_promise(
    cli: Cli, database: Database, clock: SetClock
) -> None:
    ticket = created(database, clock)
    clock.advance(DAY + MINUTE)
    unseen = shown(cli, ticket, clock(), "explain")
    scanned(database, clock)
    clock.advance(MINUTE)

    row = shown(cli, ticket, clock(), "explain")
    explanation = explained(cli, ticket, clock())

    assert unseen["response"]["recording"] == "next_scan"
    assert "the next scan records it and raises the priority to high" in unseen["next"][0]
    assert (row["priority"], row["promise"]["priority"]) == ("high", "medium")
    assert row["response"]["recording"] == "recorded"
    (breach,) = row["breaches"]
    assert breach == {
        "type": "response",
        "at": "2025-10-04T10:30:00Z",
        "found_at": "2025-10-04T10:31:00Z",
        "priority": "medium",
        "expected_minutes": 1440,
        "actual_minutes": 1441,
        "raised_to": "high",
        "found_after_seconds": 60,
        "written_in": "both",
        "found_today": True,
    }
    assert [(e["from"], e["to"]) for e in row["raises"]] == [("medium", "high")]
    assert "raised medium → high by the scan at 2025-10-04T10:31:00Z" in explanation
    assert (
        "found 1 min later at 2025-10-04T10:31:00Z, after 1 day 1 min of 1 day (medium)"
        in explanation
    )
    assert "event TicketSLABreach recorded, priority raised to high" in explanation
    assert row["scan_looks_at"] is None, (
        "of a moment that was set, the present alarm tells nothing"
    )


def test_the_alarm_shows_the_present(cli: Cli, database: Database, clock: SetClock) -> None:
    ticket = created(database, clock)
    scanned(database, clock)

    row = json.loads(cli("sla", "explain", ticket.ticket_number, "-o", "json").out)

    assert row["scan_looks_at"] == "2025-10-04T10:30:01Z"
    assert "the next scan looks at it" in row["next"]


def test_a_breach_that_no_scan_saw_waits_for_the_weekly_audit(
    cli: Cli, database: Database, clock: SetClock
) -> None:
    ticket = created(database, clock)
    clock.advance(2 * DAY)
    assign_ticket(Operation(database, clock, actor=BOSS), ticket.id, to=AGENT)
    move_ticket(Operation(database, clock, actor=AGENT), ticket.id, Status.RESOLVED)

    row = shown(cli, ticket, clock(), "explain")

    assert row["response"]["recording"] == "weekly_audit"
    assert row["next"][0] == (
        "response: breached, but no scan saw it: the weekly audit (sla-audit) records it"
    )


def test_a_breach_found_late_asks_whether_the_scan_was_running(
    cli: Cli, database: Database, clock: SetClock
) -> None:
    ticket = created(database, clock)
    clock.advance(2 * DAY)
    scanned(database, clock)

    explanation = explained(cli, ticket, clock())

    assert (
        "found 1 day later at 2025-10-05T10:30:00Z (late: was sla-escalation running?)"
        in explanation
    )


def test_a_breach_that_another_program_wiped_is_reported_from_the_ledger(
    cli: Cli, database: Database, clock: SetClock
) -> None:
    ticket = created(database, clock)
    clock.advance(2 * DAY)
    scanned(database, clock)
    wiped = "JSON_REMOVE(metadata, '$.sla.breaches')"
    write(database, f"UPDATE support_tickets SET metadata = {wiped}")

    row = shown(cli, ticket, clock(), "explain")

    assert [(b["type"], b["written_in"]) for b in row["breaches"]] == [("response", "ledger")]
    assert row["response"]["recording"] == "recorded"
    assert "another program took it out of the ticket's metadata" in explained(
        cli, ticket, clock()
    )


def test_a_breach_that_only_the_metadata_knows_is_named_as_such(
    cli: Cli, database: Database, clock: SetClock
) -> None:
    ticket = created(database, clock)
    clock.advance(2 * DAY)
    scanned(database, clock)
    write(database, "DELETE FROM savctl_sla_breaches")

    row = shown(cli, ticket, clock(), "explain")

    assert [(b["type"], b["written_in"]) for b in row["breaches"]] == [("response", "metadata")]


def test_a_recorded_breach_that_the_clock_does_not_find_stands_and_is_explained(
    cli: Cli, database: Database, clock: SetClock
) -> None:
    ticket = created(database, clock)
    clock.advance(DAY + HOUR)
    scanned(database, clock)
    set_priority(
        Operation(database, clock, actor=BOSS), ticket.id, Priority.LOW, reason="can wait"
    )

    row = shown(cli, ticket, clock(), "explain")

    assert row["response"]["recording"] == "not_found_today"
    assert row["breaches"][0]["found_today"] is False
    assert row["next"][0].startswith("response: recorded as breached, but today's clock does not")


def test_a_promise_changed_by_hand_names_who_when_and_why(
    cli: Cli, database: Database, clock: SetClock
) -> None:
    ticket = created(database, clock)
    clock.advance(HOUR)
    set_priority(
        Operation(database, clock, actor=BOSS),
        ticket.id,
        Priority.HIGH,
        reason="cliente arrabbiato é",
    )

    row = shown(cli, ticket, clock(), "explain")
    explanation = explained(cli, ticket, clock())

    values = {key: row["promise"][key] for key in ("origin", "set_by", "set_from", "reason")}
    assert values == {
        "origin": "by_hand",
        "set_by": BOSS,
        "set_from": "medium",
        "reason": "cliente arrabbiato é",
    }
    assert row["promise"]["since"] == "2025-10-03T11:30:00Z"
    assert row["response"]["target_minutes"] == 240
    assert (
        "high, set by hand by user 5 at 2025-10-03T11:30:00Z, from medium: cliente arrabbiato é"
    ) in explanation


def test_a_clock_that_had_ended_keeps_the_promise_of_its_day(
    cli: Cli, database: Database, clock: SetClock
) -> None:
    ticket = created(database, clock)
    clock.advance(20 * HOUR)
    answered(database, clock, ticket)
    clock.advance(HOUR)
    set_priority(
        Operation(database, clock, actor=BOSS), ticket.id, Priority.URGENT, reason="escalated"
    )

    row = shown(cli, ticket, clock())

    assert (row["response"]["priority"], row["response"]["met"]) == ("medium", True)
    assert (row["resolution"]["priority"], row["resolution"]["breached"]) == ("urgent", True)
    assert row["resolution"]["passed_at"] == "2025-10-04T07:30:00Z", "not before it was promised"
    assert "the response had ended under medium" in explained(cli, ticket, clock())


def test_a_policy_is_named_with_its_day_and_old_promises_keep_theirs(
    cli: Cli, monkeypatch: pytest.MonkeyPatch
) -> None:
    new = ("ticket", "create", "--user", 456, "--subject", "s", "--description", "d", "-o", "ids")
    old = cli(*new).out.strip()
    monkeypatch.setenv("SAVCTL_SLA_MEDIUM_RESPONSE", "5h")
    strict = cli(*new).out.strip()

    rows = json.loads(cli("sla", "show", old, strict, "-o", "json").out)
    explanation = cli("sla", "explain", strict).out

    assert [row["response"]["target_minutes"] for row in rows] == [1440, 300]
    assert [row["promise"]["policy"] for row in rows] == [1, 2]
    assert "answer within 5 h, solve within 3 days, policy 2 (in force since 20" in explanation
    assert "policy 1 (the defaults)" in cli("sla", "explain", old).out


def test_internal_notes_are_no_answer_and_the_message_that_was_is_named(
    cli: Cli, database: Database, clock: SetClock
) -> None:
    ticket = created(database, clock)
    for internal in (True, True, False, True):
        clock.advance(HOUR)
        answered(database, clock, ticket, internal=internal)

    row = shown(cli, ticket, clock(), "explain")

    assert row["answer"] == {
        "at": "2025-10-03T13:30:00Z",
        "by": "public message",
        "message_id": 3,
        "sender_id": AGENT,
        "internal_notes": 2,
    }
    assert (
        "public message 3 of agent 10 at 2025-10-03T13:30:00Z; 2 internal notes do not count"
        in explained(cli, ticket, clock())
    )


def test_segments_add_up_to_the_resolution_clock(
    cli: Cli, database: Database, clock: SetClock
) -> None:
    ticket = created(database, clock)
    clock.advance(90 * SECOND)
    wait_for_customer(database, clock, ticket, reason="photo, please")
    clock.advance(DAY)
    move_ticket(Operation(database, clock, actor=CUSTOMER), ticket.id, Status.IN_PROGRESS)
    clock.advance(90 * SECOND)

    row = shown(cli, ticket, clock(), "explain")

    assert [
        (s["status"], s["counted"], s["seconds"], s["total_seconds"], s["actor"])
        for s in row["segments"]
    ] == [
        ("open", True, 90, 90, None),
        ("in_progress", True, 0, 90, BOSS),
        ("waiting_customer", False, 86400, 90, AGENT),
        ("in_progress", True, 90, 180, CUSTOMER),
    ]
    assert row["segments"][2]["cause"] == "photo, please"
    assert row["segments"][-1]["total_minutes"] == row["resolution"]["elapsed_minutes"] == 3


def test_a_ticket_of_another_program_is_derived_from_its_columns(
    cli: Cli, database: Database, clock: SetClock
) -> None:
    write(
        database,
        f"{FOREIGN}('TKT-FOREIGN', 1, 's', 'd', 'high', 'in_progress', 7, NULL, "
        "'2025-10-03 10:30:00', '2025-10-03 11:00:00')",
    )

    row = shown(cli, 1, clock() + HOUR, "explain")
    explanation = explained(cli, 1, clock() + HOUR)

    assert (row["source"], row["promise"]["origin"]) == ("derived", "assumed")
    assert row["response"]["due_at"] == "2025-10-03T14:30:00Z"
    assert "high: another program made the ticket, its priority counts" in explanation
    assert "derived from the ticket's columns" in explanation


def test_a_history_that_contradicts_its_ticket_is_partial_and_says_what_to_do(
    cli: Cli, database: Database, clock: SetClock
) -> None:
    ticket = created(database, clock)
    write(database, "UPDATE support_tickets SET status = 'in_progress', assigned_to = 7")

    row = shown(cli, ticket, clock() + 2 * DAY, "explain")
    explanation = explained(cli, ticket, clock() + 2 * DAY)

    assert row["source"] == "partial"
    assert row["problem"] == "the history ends in open, the ticket is in_progress"
    assert row["response"]["recording"] == "never"
    assert "savctl db check" in explanation
    assert row["problem"] in explanation


def test_a_merged_ticket_left_the_statistics(
    cli: Cli, database: Database, clock: SetClock
) -> None:
    ticket = created(database, clock)
    merged = "JSON_OBJECT('ticket_number', 'TKT-OTHER', 'at', '2025-10-04')"
    write(
        database,
        f"UPDATE support_tickets SET metadata = JSON_SET(metadata, '$.merged_into', {merged})",
    )

    before = shown(cli, ticket, clock() + HOUR, "explain")
    row = shown(cli, ticket, clock() + 2 * DAY, "explain")

    assert (before["is_counted"], before["merged_into"]) == (True, None)
    assert (row["is_counted"], row["response"]["recording"]) == (False, "never")
    assert row["next"] == ["nothing: it was merged into another ticket and left the statistics"]


def test_an_earlier_moment_is_shown_as_it_stood(
    cli: Cli, database: Database, clock: SetClock
) -> None:
    born = clock()
    ticket = created(database, clock)
    clock.advance(DAY + HOUR)
    scanned(database, clock)
    set_priority(Operation(database, clock, actor=BOSS), ticket.id, Priority.URGENT, reason="late")
    answered(database, clock, ticket)
    assign_ticket(Operation(database, clock, actor=BOSS), ticket.id, to=AGENT)
    clock.advance(HOUR)
    move_ticket(Operation(database, clock, actor=AGENT), ticket.id, Status.RESOLVED)
    clock.advance(HOUR)
    close_ticket(Operation(database, clock, actor=BOSS), ticket.id, reason="thanks")

    then = shown(cli, ticket, born + HOUR)
    breached = shown(cli, ticket, born + DAY + HOUR - SECOND)
    now = shown(cli, ticket, clock())

    assert (then["status"], then["priority"], then["assigned_to"]) == ("open", "medium", None)
    assert (then["promise"]["priority"], then["breaches"]) == ("medium", [])
    assert (then["response"]["state"], then["response"]["elapsed_minutes"]) == ("running", 60)
    assert then["resolution"]["due_at"] == "2025-10-06T10:30:00Z"
    assert (breached["response"]["recording"], breached["breaches"]) == ("next_scan", [])
    assert (now["status"], now["response"]["recording"]) == ("closed", "recorded")


@pytest.mark.parametrize(
    ("status", "stamp", "then"),
    [("resolved", "'2025-10-03 12:30:00'", "open"), ("waiting_customer", "NULL", "open")],
)
def test_an_earlier_moment_of_a_ticket_without_history_is_reported_by_its_stamps(
    cli: Cli, database: Database, clock: SetClock, status: str, stamp: str, then: str
) -> None:
    write(
        database,
        f"{FOREIGN}('TKT-FOREIGN', 1, 's', 'd', 'high', '{status}', 7, {stamp}, "
        "'2025-10-03 10:30:00', '2025-10-03 12:30:00')",
    )

    row = shown(cli, 1, clock() + HOUR)

    assert (row["status"], row["resolution"]["elapsed_minutes"]) == (then, 60)
    assert shown(cli, 1, clock() + 3 * HOUR)["status"] == status


def test_before_its_creation_a_ticket_is_not_found(
    cli: Cli, database: Database, clock: SetClock
) -> None:
    ticket = created(database, clock)

    outcome = cli("sla", "show", ticket.ticket_number, "--at", "2025-10-03T10:29:59Z")

    assert (outcome.code, outcome.out) == (4, "")
    assert f"{ticket.ticket_number} did not exist at 2025-10-03T10:29:59Z" in outcome.err


@pytest.mark.parametrize("verb", ["show", "explain"])
def test_an_unknown_ticket_is_not_found(cli: Cli, verb: str) -> None:
    outcome = cli("sla", verb, "TKT-NOBODY")

    assert (outcome.code, outcome.out) == (4, "")
    assert "no ticket TKT-NOBODY" in outcome.err


def test_several_tickets_are_an_array_and_one_unknown_does_not_hide_the_others(
    cli: Cli, database: Database, clock: SetClock
) -> None:
    one, two = created(database, clock), created(database, clock)

    both = cli("sla", "show", two.ticket_number, one.id, "-o", "json")
    some = cli(
        "sla", "show", "-", "-o", "ids", stdin=f"{one.ticket_number}\nTKT-NOBODY\n{two.id}\n"
    )
    none = cli("sla", "show", "98", "99", "-o", "json")

    assert [row["id"] for row in json.loads(both.out)] == [two.id, one.id]
    assert (some.code, some.out.split()) == (3, [one.ticket_number, two.ticket_number])
    assert "no ticket TKT-NOBODY" in some.err
    assert "2 of 3 tickets shown" in some.err
    assert (none.code, json.loads(none.out)) == (4, [])


def test_a_table_has_a_line_for_each_ticket(cli: Cli, database: Database, clock: SetClock) -> None:
    one, two = created(database, clock), created(database, clock)

    lines = cli("sla", "show", one.id, two.id, "--at", "2025-10-03T11:30:00Z").out.splitlines()

    assert len(lines) == 3
    assert lines[1].split("  ")[0] == one.ticket_number
    assert "1 h of 1 day, running" in lines[2]


def test_what_was_stored_steers_no_terminal_and_fakes_no_line(
    cli: Cli, database: Database, clock: SetClock
) -> None:
    evil = "\x1b[2J\x9b31m\u202e\nNext\n  nothing\r\x07"
    ticket = created(database, clock)
    wait_for_customer(database, clock, ticket, reason=evil)
    set_priority(Operation(database, clock, actor=BOSS), ticket.id, Priority.HIGH, reason=evil)
    patch = json.dumps({"priority_reasons": [evil]}).replace("'", "''")
    if not database.is_sqlite:
        patch = patch.replace("\\", "\\\\")
    write(
        database,
        "UPDATE support_tickets SET metadata = "
        f"JSON_SET(metadata, '$.priority_reasons', JSON_EXTRACT('{patch}', "
        "'$.priority_reasons'))",
    )

    explanation = explained(cli, ticket, clock())
    as_json = cli("sla", "explain", ticket.ticket_number, "-o", "json").out
    record = cli("sla", "explain", ticket.ticket_number, "--columns", "segments,promise").out

    for text in (explanation, as_json, record):
        assert steering(text) == set()
    assert explanation.splitlines().count("Next") == 1
    assert "\\x1b[2J" in explanation


def test_the_worked_example_of_the_page_is_what_explain_says(
    cli: Cli, database: Database, clock: SetClock
) -> None:
    page = (PROJECT / "docs" / "sla.md").read_text(encoding="utf-8")
    ticket = created(database, clock, priority=Priority.HIGH)
    clock.advance(2 * HOUR)
    assign_ticket(Operation(database, clock, actor=BOSS), ticket.id, to=AGENT)
    clock.advance(2 * HOUR + MINUTE)
    scanned(database, clock)
    clock.advance(29 * MINUTE)
    answered(database, clock, ticket)
    move_ticket(
        Operation(database, clock, actor=AGENT),
        ticket.id,
        Status.WAITING_CUSTOMER,
        reason="a photo?",
    )
    clock.advance(18 * HOUR)
    move_ticket(Operation(database, clock, actor=CUSTOMER), ticket.id, Status.IN_PROGRESS)

    explanation = explained(cli, ticket, clock() + 3 * HOUR)

    assert f"```text\n{explanation.replace(ticket.ticket_number, 'TKT-7K2M9QXA')}```\n" in page


def test_asking_changes_nothing(cli: Cli, database: Database, clock: SetClock) -> None:
    ticket = created(database, clock)
    before = snapshot(database)

    cli("sla", "show", ticket.ticket_number)
    cli("sla", "explain", ticket.ticket_number)

    assert snapshot(database) == before
