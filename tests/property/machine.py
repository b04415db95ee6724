"""A state machine whose every request is compared with the model, row by row."""

from __future__ import annotations

import copy
from collections.abc import Callable
from datetime import datetime
from typing import Any

import pytest
from hypothesis.stateful import RuleBasedStateMachine, invariant

from savctl.domain.model.priority import Priority
from savctl.errors import Refused
from savctl.persistence.engine import Database
from savctl.ports import SetClock
from tests.given import NOW, created
from tests.property import model, outside

Effect = Callable[[model.Model, datetime], None]


class Compared(RuleBasedStateMachine):
    """Knows the model, the clock and the rows; the rules are its subclass's."""

    def __init__(self, database: Database) -> None:
        super().__init__()
        self.database = database
        self.clock = SetClock(NOW)
        self.model: dict[int, model.Model] = {}
        with database.reading() as connection:
            newest = connection.exec_driver_sql("SELECT MAX(id) FROM support_tickets").scalar()
        self.behind = int(newest or 0)
        self.rows = outside.everything(database, behind=self.behind)

    @invariant()
    def the_rows_say_what_the_model_says(self) -> None:
        found = outside.seen(self.database, behind=self.behind)
        assert found.keys() == self.model.keys()
        for ticket_id, ticket in found.items():
            outside.must_hold(ticket)
            assert in_short(ticket) == in_words(self.model[ticket_id])

    def create(self, priority: Priority) -> int:
        ticket = created(self.database, self.clock, priority=priority)
        facts = {"priority": str(priority), "subject": ticket.subject}
        self.model[ticket.id] = model.born(self.clock(), **facts)
        self.rows = outside.everything(self.database, behind=self.behind)
        return ticket.id

    def expect(
        self, ticket: int, dry_run: bool, effect: Effect
    ) -> Callable[[Callable[[], object]], None]:
        """Run a request; it must be refused when the model refuses, and change the same."""
        before = self.model[ticket]
        after = copy.deepcopy(before)
        try:
            effect(after, self.clock())
            is_refused = False
        except model.No:
            after, is_refused = before, True

        def check(work: Callable[[], object]) -> None:
            if is_refused:
                with pytest.raises(Refused):
                    work()
            else:
                work()
            rows = outside.everything(self.database, behind=self.behind)
            if dry_run or after == before:
                assert rows == self.rows, "a refusal, a no-op and a dry run write nothing"
            else:
                self.model[ticket] = after
            self.rows = rows

        return check

    def after_a_job(self, effect: Callable[[Any], None], dry_run: bool) -> None:
        rows = outside.everything(self.database, behind=self.behind)
        before = copy.deepcopy(self.model)
        if not dry_run:
            effect(iter(self.model.values()))
        if before == self.model:
            assert rows == self.rows, "a job that has nothing to do writes nothing"
        self.rows = rows


def in_short(ticket: model.Model) -> model.Model:
    """What the rows say, in the model's words."""
    return {
        **{name: value for name, value in ticket.items() if name != "audit"},
        "history": [(e["action"], e["from"], e["to"]) for e in ticket["history"]],
        "events": [(e["event"], event_key(e)) for e in ticket["events"]],
    }


def event_key(event: dict[str, Any]) -> object:
    data = event["data"]
    match event["event"]:
        case "TicketAssigned":
            return (data["assigned_to"], data["previous_status"], data["new_status"])
        case "TicketStatusChanged":
            return (data["previous_status"], data["new_status"])
        case "MessageAdded":
            return (data["sender_type"], data["is_internal"])
    return None


def in_words(ticket: model.Model) -> model.Model:
    """What the model says, with its times as the columns have them."""
    stamps = {name: text(ticket[name]) for name in ("resolved_at", "closed_at")}
    messages = [(side, internal, text(at)) for side, internal, at in ticket["messages"]]
    plain = {name: value for name, value in ticket.items() if name != "entered_at"}
    return {**plain, **stamps, "messages": messages}


def text(at: datetime | None) -> str | None:
    return None if at is None else f"{at:%Y-%m-%d %H:%M:%S}"
