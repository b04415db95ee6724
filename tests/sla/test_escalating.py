"""The SLA scan at work, on every database (rules 4.5 to 4.7)."""

from __future__ import annotations

import json
from datetime import timedelta
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
from tests.given import AGENT, BOSS, CUSTOMER, DAY, SECOND, created, rows, snapshot, write

HOUR = timedelta(hours=1)
MINUTE = timedelta(minutes=1)


def scanned(database: Database, clock: SetClock, *, dry_run: bool = False) -> BatchReport:
    report = BatchReport(lists_changes=True)
    escalate(database, clock, terms=BatchContext(report=report, dry_run=dry_run))
    return report


def sla_of(database: Database, ticket: Ticket) -> dict[str, Any]:
    (row,) = rows(database, f"SELECT * FROM support_tickets WHERE id = {ticket.id}")
    stored: dict[str, Any] = json.loads(row["metadata"])["sla"]
    return {**stored, "priority": row["priority"]}


def published(database: Database) -> list[dict[str, Any]]:
    found = rows(
        database,
        "SELECT envelope FROM savctl_outbox WHERE event = 'TicketSLABreach' ORDER BY id",
    )
    return [json.loads(row["envelope"])["data"] for row in found]


def answered(database: Database, clock: SetClock, ticket: Ticket, **more: Any) -> None:
    add_message(
        Operation(database, clock),
        ticket.id,
        sender=("agent", AGENT),
        body="We look into it.",
        **more,
    )


def test_a_ticket_nobody_answers_is_raised_once_and_then_breaches_its_resolution(
    database: Database, clock: SetClock
) -> None:
    ticket = created(database, clock)
    clock.advance(DAY)
    assert scanned(database, clock).changed == 0, "exactly on time is met"

    clock.advance(SECOND)
    first = scanned(database, clock)
    for _ in range(60):
        clock.advance(HOUR)
        scanned(database, clock)

    assert first.changed == 1
    assert sla_of(database, ticket)["priority"] == "high"
    assert [(d["sla_type"], d["expected_minutes"]) for d in published(database)] == [
        ("response", 1440),
        ("resolution", 4320),
    ]
    assert len(sla_of(database, ticket)["breaches"]) == 2
    assert len(rows(database, "SELECT * FROM savctl_sla_breaches")) == 2


def test_the_second_scan_changes_nothing(database: Database, clock: SetClock) -> None:
    created(database, clock)
    clock.advance(2 * DAY)
    scanned(database, clock)
    before = snapshot(database)

    again = scanned(database, clock)

    assert again.changed == 0
    assert {k: v for k, v in snapshot(database).items() if k != "savctl_meta"} == {
        k: v for k, v in before.items() if k != "savctl_meta"
    }


def test_a_dry_run_shows_what_would_change_and_changes_nothing(
    database: Database, clock: SetClock
) -> None:
    ticket = created(database, clock)
    clock.advance(2 * DAY)
    before = snapshot(database)

    report = scanned(database, clock, dry_run=True)

    (item,) = report.items
    assert item.ticket_number == ticket.ticket_number
    assert item.reason == "response: 2880 of 1440 min, raised medium → high"
    assert snapshot(database) == before


def test_an_answer_in_time_is_no_breach(database: Database, clock: SetClock) -> None:
    ticket = created(database, clock)
    clock.advance(DAY)
    answered(database, clock, ticket)
    clock.advance(DAY)

    assert scanned(database, clock).changed == 0


def test_an_internal_note_is_no_answer(database: Database, clock: SetClock) -> None:
    ticket = created(database, clock)
    clock.advance(HOUR)
    answered(database, clock, ticket, internal=True)
    clock.advance(DAY)

    assert scanned(database, clock).changed == 1


def test_a_late_answer_is_found_with_its_true_minutes_after_a_week_without_scans(
    database: Database, clock: SetClock
) -> None:
    ticket = created(database, clock)
    clock.advance(30 * HOUR)
    answered(database, clock, ticket)
    clock.advance(7 * DAY - 30 * HOUR)

    scanned(database, clock)

    assert [(d["sla_type"], d["actual_minutes"]) for d in published(database)] == [
        ("response", 30 * 60),
        ("resolution", 7 * 24 * 60),
    ]


def test_waiting_for_the_customer_stops_the_clock_and_resuming_starts_it_again(
    database: Database, clock: SetClock
) -> None:
    ticket = created(database, clock)
    assign_ticket(Operation(database, clock, actor=BOSS), ticket.id, to=AGENT)
    clock.advance(HOUR)
    move_ticket(Operation(database, clock, actor=AGENT), ticket.id, Status.WAITING_CUSTOMER)
    for _ in range(5):
        clock.advance(DAY)
        assert scanned(database, clock).changed == 0
    move_ticket(Operation(database, clock, actor=CUSTOMER), ticket.id, Status.IN_PROGRESS)
    clock.advance(3 * DAY - HOUR)
    assert scanned(database, clock).changed == 0

    clock.advance(SECOND)

    assert scanned(database, clock).changed == 1
    assert published(database)[0]["sla_type"] == "resolution"


@pytest.mark.parametrize("status", ["open", "in_progress"])
def test_a_ticket_of_another_program_is_found_and_its_promise_pinned(
    database: Database, clock: SetClock, status: str
) -> None:
    scanned(database, clock)
    at = clock().strftime("%Y-%m-%d %H:%M:%S")
    write(
        database,
        "INSERT INTO support_tickets (ticket_number, user_id, subject, description, priority, "
        f"status, assigned_to, created_at, updated_at) VALUES ('TKT-FOREIGN', 1, 's', 'd', "
        f"'high', '{status}', 7, '{at}', '{at}')",
    )
    for _ in range(5):
        scanned(database, clock)
        clock.advance(HOUR)
    scanned(database, clock)
    clock.advance(5 * DAY)
    scanned(database, clock)

    assert [d["sla_type"] for d in published(database)] == ["response", "resolution"]
    (row,) = rows(database, "SELECT priority, metadata FROM support_tickets")
    assert row["priority"] == "urgent"
    assert json.loads(row["metadata"])["sla"]["promise"]["priority"] == "high"


def test_a_breach_that_another_program_wiped_away_is_not_reported_again(
    database: Database, clock: SetClock
) -> None:
    ticket = created(database, clock)
    clock.advance(2 * DAY)
    scanned(database, clock)
    clock.advance(SECOND)
    at = clock().strftime("%Y-%m-%d %H:%M:%S")
    wiped = "JSON_REMOVE(metadata, '$.sla.breaches')"
    write(database, f"UPDATE support_tickets SET metadata = {wiped}, updated_at = '{at}'")
    clock.advance(2 * HOUR)

    report = scanned(database, clock)

    assert report.changed == 0
    assert len(published(database)) == 1, ticket.ticket_number


def test_a_priority_set_by_hand_moves_the_promise(database: Database, clock: SetClock) -> None:
    ticket = created(database, clock)
    scanned(database, clock)
    clock.advance(2 * HOUR)
    set_priority(
        Operation(database, clock, actor=BOSS), ticket.id, Priority.URGENT, reason="angry"
    )
    clock.advance(MINUTE)

    scanned(database, clock)

    (breach,) = sla_of(database, ticket)["breaches"]
    assert (breach["priority"], breach["expected_minutes"]) == ("urgent", 60)
    assert breach["raised_to"] is None


def test_a_closed_ticket_is_left_alone_and_its_alarm_goes(
    database: Database, clock: SetClock
) -> None:
    ticket = created(database, clock)
    close_ticket(Operation(database, clock, actor=BOSS), ticket.id, reason="spam")
    clock.advance(9 * DAY)

    assert scanned(database, clock).changed == 0
    assert rows(database, "SELECT * FROM savctl_sla_alarms") == []


def test_the_alarm_of_a_deleted_ticket_goes(database: Database, clock: SetClock) -> None:
    ticket = created(database, clock)
    write(database, f"DELETE FROM support_tickets WHERE id = {ticket.id}")
    clock.advance(DAY)

    assert scanned(database, clock).failed == 0
    assert rows(database, "SELECT * FROM savctl_sla_alarms") == []
