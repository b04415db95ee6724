"""A week without scans, against the same week with a scan every half hour (rules 4.6, 4.7)."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import pytest

from savctl.domain.model.priority import Priority
from savctl.domain.model.states import Status
from savctl.domain.sla.policy import Policies
from savctl.persistence.engine import Database
from savctl.ports import SetClock
from savctl.usecases.batch.batches import BatchContext
from savctl.usecases.batch.report import BatchReport
from savctl.usecases.operation import Operation
from savctl.usecases.sla.auditing import audit
from savctl.usecases.sla.escalating import escalate
from savctl.usecases.tickets.assignment import assign_ticket
from savctl.usecases.tickets.conversation import add_message
from savctl.usecases.tickets.transitions import close_ticket, move_ticket
from tests.given import AGENT, BOSS, CUSTOMER, NOW, created, rows, write

HOUR = timedelta(hours=1)
WEEK = timedelta(days=7)
EVERY = timedelta(minutes=30)
_TABLES = (
    *("ticket_messages", "support_tickets", "savctl_sla_alarms", "savctl_sla_breaches"),
    *("savctl_outbox", "savctl_audit"),
)
# Ticket by ticket what happens, in hours of the week; all of them end the week still worked on.
STAYING = {
    "nobody answers": "0 medium",
    "nobody answers, low": "0 low",
    "nobody answers, urgent already": "0 urgent",
    "born in the middle": "90 high",
    "answered late": "0 medium; 30 says",
    "answered late, then nothing": "5 high; 10 says",
    "answered in time": "0 high; 3 says",
    "late while waiting was counted": "0 high; 1 take; 2 wait; 60 back",
    "waits for a week": "0 urgent; 0.5 take; 0.7 wait",
    "waits and comes back in the last hour": "0 medium; 1 take; 20 wait; 167 back",
    "solved and contested": "0 high; 1 take; 20 solve; 100 back",
    "answered and solved in time, contested": "0 medium; 1 take; 9 solve; 150 back",
}
GOING = {
    "solved late": "0 high; 30 take; 31 solve",
    "answered late, closed": "0 medium; 30 take; 31 wait; 130 close",
    "closed without an answer": "0 urgent; 6 close",
}


@dataclass(frozen=True, slots=True)
class Found:
    """What was found of a ticket: its breaches, what was told of them, and its priority."""

    breaches: dict[str, tuple[datetime, str, int]]
    texts: list[str]
    priority: str


def in_order(text: dict[str, str]) -> list[tuple[timedelta, str, str]]:
    """The steps of all tickets as they happen: after how long, to which, and what."""
    steps = [
        (timedelta(hours=float(hour)), name, what)
        for name, life in text.items()
        for hour, what in (step.split() for step in life.split(";"))
    ]
    return sorted(steps, key=lambda step: step[0])


def lived(
    database: Database,
    clock: SetClock,
    texts: dict[str, str],
    *,
    every: timedelta | None,
) -> dict[str, Found]:
    """The week, with a scan every so often or none before its end, and what was found."""
    for table in _TABLES:
        write(database, f"DELETE FROM {table}")
    write(database, "DELETE FROM savctl_meta WHERE name = 'sla_watch'")
    clock.at = NOW
    ids: dict[str, int] = {}
    for after, name, what in in_order(texts):
        _pass(database, clock, NOW + after, every)
        if name not in ids:
            ids[name] = created(database, clock, subject=name, priority=Priority(what)).id
        else:
            _MOVES[what](database, clock, ids[name])
    _pass(database, clock, NOW + WEEK, every)
    scan(database, clock)
    return found(database)


def _pass(database: Database, clock: SetClock, until: datetime, every: timedelta | None) -> None:
    while every is not None and clock.at + every < until:
        clock.advance(every)
        scan(database, clock)
    clock.at = until


def scan(database: Database, clock: SetClock) -> None:
    """One run of the job."""
    escalate(database, clock, terms=BatchContext(report=BatchReport()))


def found(database: Database) -> dict[str, Found]:
    """What ledger, outbox and tickets hold, by the ticket's subject."""
    answer = {}
    for ticket in rows(database, "SELECT id, subject, priority FROM support_tickets"):
        ledger = rows(
            database, f"SELECT * FROM savctl_sla_breaches WHERE ticket_id = {ticket['id']}"
        )
        events = rows(
            database,
            "SELECT envelope FROM savctl_outbox WHERE event = 'TicketSLABreach' "
            f"AND ticket_id = {ticket['id']} ORDER BY id",
        )
        answer[ticket["subject"]] = Found(
            {row["side"]: (row["at"], row["priority"], row["expected_minutes"]) for row in ledger},
            [json.loads(row["envelope"])["data"]["sla_type"] for row in events],
            ticket["priority"],
        )
    return answer


_Move = Callable[[Database, SetClock, int], Any]
_MOVES: dict[str, _Move] = {
    "take": lambda d, c, i: assign_ticket(Operation(d, c, actor=BOSS), i, to=AGENT),
    "says": lambda d, c, i: add_message(
        Operation(d, c), i, sender=("agent", AGENT), body="We look."
    ),
    "wait": lambda d, c, i: move_ticket(Operation(d, c, actor=AGENT), i, Status.WAITING_CUSTOMER),
    "solve": lambda d, c, i: move_ticket(Operation(d, c, actor=AGENT), i, Status.RESOLVED),
    "back": lambda d, c, i: move_ticket(Operation(d, c, actor=CUSTOMER), i, Status.IN_PROGRESS),
    "close": lambda d, c, i: close_ticket(Operation(d, c, actor=BOSS), i, reason="over"),
}


@pytest.mark.slow("a week of scans, and one")
def test_one_scan_after_a_week_finds_what_scans_at_short_intervals_had_found(
    database: Database, clock: SetClock
) -> None:
    perfect = lived(database, clock, STAYING, every=EVERY)

    late = lived(database, clock, STAYING, every=None)

    assert late == perfect
    assert sum(len(one.breaches) for one in perfect.values()) == 15
    assert perfect["nobody answers"].priority == "high", "raised once, not again and again"
    assert perfect["nobody answers"].texts == ["response", "resolution"]


def test_the_minutes_reported_after_a_week_are_the_true_ones(
    database: Database, clock: SetClock
) -> None:
    lived(database, clock, STAYING, every=None)

    stored = rows(
        database,
        "SELECT t.subject, b.side, b.actual_minutes FROM savctl_sla_breaches b "
        "JOIN support_tickets t ON t.id = b.ticket_id",
    )
    minutes = {(row["subject"], row["side"]): row["actual_minutes"] for row in stored}

    assert minutes["answered late", "response"] == 30 * 60
    assert minutes["answered late, then nothing", "response"] == 5 * 60
    assert minutes["nobody answers", "response"] == 168 * 60
    assert minutes["late while waiting was counted", "resolution"] == (2 + 108) * 60
    assert minutes["solved and contested", "resolution"] == (20 + 68) * 60


@pytest.mark.slow("a week of scans, and one")
def test_what_was_solved_meanwhile_is_found_by_the_audit_and_raised_no_more(
    database: Database, clock: SetClock
) -> None:
    perfect = lived(database, clock, GOING, every=EVERY)

    lived(database, clock, GOING, every=None)
    assert all(one.breaches == {} for one in found(database).values()), "no scan may see them"
    audit(database, clock, terms=BatchContext(report=BatchReport()), policies=Policies())
    late = found(database)

    assert {name: one.breaches for name, one in late.items()} == {
        name: one.breaches for name, one in perfect.items()
    }
    assert {name: sorted(one.texts) for name, one in late.items()} == {
        name: sorted(one.texts) for name, one in perfect.items()
    }
    assert {name: one.priority for name, one in late.items()} == {
        "solved late": "high",
        "answered late, closed": "medium",
        "closed without an answer": "urgent",
    }
