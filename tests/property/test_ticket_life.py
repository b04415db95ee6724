"""The whole life of tickets as a machine, on a real database (rules 2, 3, 8.1, 11)."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    Bundle,
    initialize,
    rule,
    run_state_machine_as_test,
)

from savctl.domain.model.priority import Priority
from savctl.domain.model.states import Status
from savctl.domain.tickets.closing import ClosingLimits
from savctl.persistence.engine import Database
from savctl.usecases.batch.batches import BatchContext
from savctl.usecases.batch.report import BatchReport
from savctl.usecases.operation import Operation
from savctl.usecases.tickets.assignment import assign_ticket, unassign_ticket
from savctl.usecases.tickets.closing import close_resolved, close_silent
from savctl.usecases.tickets.conversation import add_message
from savctl.usecases.tickets.creation import edit_ticket
from savctl.usecases.tickets.transitions import close_ticket, move_ticket, set_priority
from tests.depth import deep
from tests.given import AGENT, BOSS, CUSTOMER, OTHER_AGENT
from tests.property import model
from tests.property.machine import Compared

SENDERS = {"customer": CUSTOMER, "agent": AGENT}
LIMITS = ClosingLimits()

agents = st.sampled_from([AGENT, OTHER_AGENT])
people = st.sampled_from([AGENT, CUSTOMER, None])
dry = st.sampled_from([False, False, False, True])
sides = st.sampled_from(sorted(SENDERS))
moments = st.sampled_from(
    [timedelta(microseconds=300_000), timedelta(seconds=1), timedelta(hours=1)]
)
spans = st.sampled_from(
    [
        timedelta(),
        timedelta(hours=24) - timedelta(seconds=1),
        timedelta(hours=24),
        timedelta(days=3),
        timedelta(days=7) - timedelta(microseconds=1),
        timedelta(days=7),
    ]
)


class TicketLife(Compared):
    """Any request in any order, each compared with the model; the clock moves on between."""

    tickets = Bundle("tickets")

    @initialize(target=tickets)
    def one_is_worked_on(self) -> int:
        ticket = self.create(Priority.MEDIUM)
        self.assign(ticket, AGENT, BOSS, dry_run=False)
        return ticket

    @rule(target=tickets, priority=st.sampled_from(Priority))
    def another_comes_in(self, priority: Priority) -> int:
        return self.create(priority)

    @rule(span=moments)
    def time_passes(self, span: timedelta) -> None:
        self.clock.advance(span)

    @rule(span=spans, heal=st.booleans(), dry_run=dry)
    def days_pass_and_the_jobs_run(self, span: timedelta, heal: bool, dry_run: bool) -> None:
        self.clock.advance(span)
        terms = BatchContext(report=BatchReport(), size=2, dry_run=dry_run)
        close_silent(self.database, self.clock, limits=LIMITS, terms=terms, heal=heal)
        self.after_a_job(lambda t: model.silent_job(t, self.clock(), heal=heal), dry_run)
        close_resolved(self.database, self.clock, limits=LIMITS, terms=terms)
        self.after_a_job(lambda t: model.resolved_job(t, self.clock()), dry_run)

    @rule(ticket=tickets, agent=agents, by=people, dry_run=dry)
    def assign(self, ticket: int, agent: int, by: int | None, dry_run: bool) -> None:
        self.expect(ticket, dry_run, lambda t, at: model.assign(t, agent, at))(
            lambda: assign_ticket(
                Operation(self.database, self.clock, actor=by, dry_run=dry_run), ticket, to=agent
            )
        )

    @rule(ticket=tickets, by=people, dry_run=dry)
    def unassign(self, ticket: int, by: int | None, dry_run: bool) -> None:
        self.expect(ticket, dry_run, model.unassign)(
            lambda: unassign_ticket(
                Operation(self.database, self.clock, actor=by, dry_run=dry_run),
                ticket,
                reason="why",
            )
        )

    @rule(
        ticket=tickets,
        move=st.sampled_from(
            [
                (Status.WAITING_CUSTOMER, None),
                (Status.RESOLVED, None),
                (Status.IN_PROGRESS, Status.WAITING_CUSTOMER),
                (Status.IN_PROGRESS, Status.RESOLVED),
            ]
        ),
        by=people,
        dry_run=dry,
    )
    def wait_resolve_resume_or_reopen(
        self, ticket: int, move: tuple[Status, Status | None], by: int | None, dry_run: bool
    ) -> None:
        to, only_from = move
        self.expect(ticket, dry_run, lambda t, at: model.move(t, to, at, only_from=only_from))(
            lambda: move_ticket(
                Operation(self.database, self.clock, actor=by, dry_run=dry_run),
                ticket,
                to,
                only_from=only_from,
            )
        )

    @rule(
        ticket=tickets,
        to=st.sampled_from([Status.WAITING_CUSTOMER, Status.RESOLVED]),
        dry_run=dry,
    )
    def wait_or_resolve_with_a_message(self, ticket: int, to: Status, dry_run: bool) -> None:
        self.expect(ticket, dry_run, lambda t, at: model.say_and_move(t, to, at))(
            lambda: move_ticket(
                Operation(self.database, self.clock, actor=AGENT, dry_run=dry_run),
                ticket,
                to,
                message="Hi",
            )
        )

    @rule(ticket=tickets, to=st.sampled_from(list(Status)[1:4]), by=people, dry_run=dry)
    def bridge(self, ticket: int, to: Status, by: int | None, dry_run: bool) -> None:
        self.expect(ticket, dry_run, lambda t, at: model.bridge(t, to, by, at))(
            lambda: move_ticket(
                Operation(self.database, self.clock, actor=by, dry_run=dry_run),
                ticket,
                to,
                bridge=True,
            )
        )

    @rule(ticket=tickets, by=people, bridge=st.booleans(), dry_run=dry)
    def close(self, ticket: int, by: int | None, bridge: bool, dry_run: bool) -> None:
        def effect(known: model.Model, at: datetime) -> None:
            if bridge:
                model.bridge(known, "closed", by, at)
            else:
                model.move(known, "closed", at)

        self.expect(ticket, dry_run, effect)(
            lambda: close_ticket(
                Operation(self.database, self.clock, actor=by, dry_run=dry_run),
                ticket,
                reason="why",
                bridge=bridge,
            )
        )

    @rule(ticket=tickets, priority=st.sampled_from(Priority), dry_run=dry)
    def prioritise(self, ticket: int, priority: Priority, dry_run: bool) -> None:
        self.expect(ticket, dry_run, lambda t, _: model.set_field(t, "priority", str(priority)))(
            lambda: set_priority(
                Operation(self.database, self.clock, actor=BOSS, dry_run=dry_run),
                ticket,
                priority,
                reason="x",
            )
        )

    @rule(ticket=tickets, subject=st.sampled_from(["Order lost", "Refund"]), dry_run=dry)
    def edit(self, ticket: int, subject: str, dry_run: bool) -> None:
        self.expect(ticket, dry_run, lambda t, _: model.set_field(t, "subject", subject))(
            lambda: edit_ticket(
                Operation(self.database, self.clock, actor=BOSS, dry_run=dry_run),
                ticket,
                {"subject": subject},
            )
        )

    @rule(ticket=tickets, side=sides, internal=st.booleans(), dry_run=dry)
    def message(self, ticket: int, side: str, internal: bool, dry_run: bool) -> None:
        self.expect(ticket, dry_run, lambda t, at: model.say(t, side, at, internal=internal))(
            lambda: add_message(
                Operation(self.database, self.clock, dry_run=dry_run),
                ticket,
                sender=(side, SENDERS[side]),
                body="Hello",
                internal=internal,
            )
        )

    @rule(ticket=tickets, side=sides, dry_run=dry)
    def message_that_reopens(self, ticket: int, side: str, dry_run: bool) -> None:
        self.expect(ticket, dry_run, lambda t, at: model.say_and_reopen(t, side, at))(
            lambda: add_message(
                Operation(self.database, self.clock, dry_run=dry_run),
                ticket,
                sender=(side, SENDERS[side]),
                body="No!",
                reopen=True,
            )
        )


@pytest.mark.slow("lives of many requests")
@pytest.mark.timeout(900)  # shrinking a failure may take minutes
def test_any_requests_in_any_order_leave_what_the_specification_says(
    database: Database, kind: str
) -> None:
    examples = deep(100, usual=25) if kind == "sqlite" else deep(25, usual=8)

    run_state_machine_as_test(
        lambda: TicketLife(database),  # type: ignore[arg-type]
        settings=settings(
            max_examples=examples, stateful_step_count=30, report_multiple_bugs=False
        ),
    )
