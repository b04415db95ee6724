"""Late and soon due tickets are counted from alarms and ledger, as if all clocks had been read."""

from __future__ import annotations

from datetime import timedelta

import pytest

from savctl.domain.model.priority import Priority
from savctl.domain.model.states import Status
from savctl.persistence.engine import Database
from savctl.ports import SetClock
from savctl.usecases.batch.batches import BatchContext
from savctl.usecases.batch.report import BatchReport
from savctl.usecases.metrics.sla import RUNNING_CLOCKS
from savctl.usecases.metrics.subject import MetricPlaces
from savctl.usecases.operation import Operation
from savctl.usecases.sla.escalating import escalate
from savctl.usecases.tickets.conversation import add_message
from tests.given import AGENT, SECOND, brought_to, created, write

pytestmark = pytest.mark.each_database
HOUR = timedelta(hours=1)


def counted(database: Database, clock: SetClock) -> dict[tuple[str, str], float]:
    places = MetricPlaces(database=database, clock=clock)
    found = RUNNING_CLOCKS.count(places)
    names = {"savctl_sla_running_breaches": "late", "savctl_sla_due_soon": "soon"}
    return {(names[one.family.name], one.labels[0]): one.value for one in found if one.value}


def scan(database: Database, clock: SetClock) -> None:
    escalate(database, clock, terms=BatchContext(report=BatchReport()))


def test_a_target_counts_in_its_last_two_hours_then_as_late_recorded_or_not(
    database: Database, clock: SetClock
) -> None:
    created(database, clock)  # medium: 24 h to answer, 72 h to solve
    scan(database, clock)

    clock.advance(22 * HOUR - SECOND)
    assert counted(database, clock) == {}
    clock.advance(SECOND)
    assert counted(database, clock) == {("soon", "response"): 1}
    clock.advance(2 * HOUR + SECOND)
    late = counted(database, clock)
    scan(database, clock)

    assert late == counted(database, clock) == {("late", "response"): 1}


def test_a_late_ticket_whose_next_target_is_near_counts_for_both_once(
    database: Database, clock: SetClock
) -> None:
    created(database, clock)
    clock.advance(25 * HOUR)
    scan(database, clock)
    clock.advance(46 * HOUR)

    assert counted(database, clock) == {("late", "response"): 1, ("soon", "resolution"): 1}


def test_an_answer_ends_the_lateness_though_the_breach_stays_recorded(
    database: Database, clock: SetClock
) -> None:
    ticket = created(database, clock)
    clock.advance(25 * HOUR)
    scan(database, clock)
    answer = ("agent", AGENT)
    add_message(Operation(database, clock), ticket.id, sender=answer, body="We look into it.")

    assert counted(database, clock) == {}


def test_a_waiting_ticket_is_neither_late_nor_soon_due(
    database: Database, clock: SetClock
) -> None:
    brought_to(database, clock, Status.WAITING_CUSTOMER, priority=Priority.URGENT)
    clock.advance(5 * HOUR)
    scan(database, clock)

    assert counted(database, clock) == {}


def test_a_ticket_that_another_program_made_counts_before_any_scan(
    database: Database, clock: SetClock
) -> None:
    created(database, clock)
    write(database, "DELETE FROM savctl_sla_alarms")
    clock.advance(73 * HOUR)

    assert counted(database, clock) == {("late", "response"): 1, ("late", "resolution"): 1}
