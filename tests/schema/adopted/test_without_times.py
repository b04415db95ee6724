"""Tickets of an adopted database without any time: whatever looks at them goes on."""

from __future__ import annotations

from datetime import timedelta

import pytest

from savctl.domain.model.states import Status
from savctl.domain.sla.policy import Policies
from savctl.persistence.engine import Database
from savctl.ports import SetClock
from savctl.usecases.batch.batches import BatchContext
from savctl.usecases.batch.report import BatchReport
from savctl.usecases.database import schema
from savctl.usecases.operation import Operation
from savctl.usecases.sla import views
from savctl.usecases.sla.auditing import audit
from savctl.usecases.sla.due import DueFilter, due_targets
from savctl.usecases.sla.escalating import escalate
from savctl.usecases.tickets.assignment import assign_ticket
from savctl.usecases.tickets.conversation import add_message
from savctl.usecases.tickets.transitions import close_ticket, move_ticket
from tests.schema.support import run_sql


@pytest.fixture
def adopted(laravel: Database) -> Database:
    """Four tickets without any time, one in each state that is not closed."""
    schema.adopt(laravel, owner="tests")
    run_sql(laravel, "DELETE FROM support_tickets")
    for status, agent in (
        ("open", "NULL"),
        ("in_progress", "10"),
        ("waiting_customer", "10"),
        ("resolved", "10"),
    ):
        run_sql(
            laravel,
            "INSERT INTO support_tickets (ticket_number, user_id, subject, description, status, "
            f"assigned_to) VALUES ('TKT-{status}', 456, 's', 'd', '{status}', {agent})",
        )
    return laravel


def test_the_scan_and_the_audit_find_nothing_and_go_on(adopted: Database, clock: SetClock) -> None:
    report = BatchReport()

    for _ in range(3):
        escalate(adopted, clock, terms=BatchContext(report=report))
        clock.advance(timedelta(days=30))
    found = audit(adopted, clock, terms=BatchContext(report=report), policies=Policies())

    assert (report.failed, report.changed) == (0, 0)
    assert (found.tickets, found.is_clean) == (4, True)


def test_they_are_shown_and_due_at_no_time(adopted: Database, clock: SetClock) -> None:
    wanted = DueFilter(within=timedelta(days=30))

    due = list(due_targets(adopted, wanted, now=clock(), policies=Policies()))
    seen = [
        views.explain(adopted, f"TKT-{status}", now=clock(), policies=Policies()).seen.sla
        for status in Status
        if status is not Status.CLOSED
    ]

    assert due == []
    assert [sla.timeline.segments for sla in seen] == [()] * 4
    assert not any(side.is_breached for sla in seen for side in sla.sides)


def test_such_a_ticket_is_worked_on_like_any_other(adopted: Database, clock: SetClock) -> None:
    ticket = "TKT-open"

    assign_ticket(Operation(adopted, clock, actor=5), ticket, to=10)
    add_message(Operation(adopted, clock), ticket, sender=("agent", 10), body="Hello.")
    move_ticket(Operation(adopted, clock, actor=10), ticket, Status.RESOLVED)
    close_ticket(Operation(adopted, clock, actor=5), ticket, reason="confirmed")

    sla = views.sla_state(adopted, ticket, now=clock(), policies=Policies()).sla
    assert [str(stretch.status) for stretch in sla.timeline.segments] == [
        "in_progress",
        "resolved",
        "closed",
    ]
