"""A shop in which half of the tickets are late, and the traces that finding this leaves.

Ten kinds of tickets, their breaches known beforehand (rules 4): medium 24 h and 3 days, high 4 h
and 1 day, urgent 1 h and 4 h.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

from savctl.domain.clock import second_text
from savctl.domain.model.history import Action, HistoryEntry
from savctl.domain.model.metadata import EMPTY
from savctl.domain.model.priority import Priority
from savctl.domain.model.states import Status
from savctl.domain.model.ticket import Ticket
from savctl.domain.sla.breach import Breach, with_breaches
from savctl.domain.sla.clock import Side
from savctl.domain.sla.targets import ESCALATED
from savctl.persistence.bulk import insert_tickets
from savctl.persistence.engine import Database
from savctl.persistence.sla.breaches import Ledger
from savctl.persistence.sla.scheduled_checks import ScheduledChecks
from tests.given import AGENT, CUSTOMER, NOW, a_ticket, rows, write

HOUR = timedelta(hours=1)
KINDS = 10
# What one scan finds in each ten tickets, by side and the priority that it raises to.
FOUND = Counter(
    {
        ("response", "high"): 2,  # kinds 0 and 1
        ("resolution", None): 2,  # 1 and 3
        ("response", "urgent"): 2,  # 2 and 7
    }
)
_LEDGER = """
SELECT t.ticket_number, b.side, b.at, b.found_at, b.priority, b.expected_minutes,
       b.actual_minutes, b.raised_to
FROM savctl_sla_breaches b JOIN support_tickets t ON t.id = b.ticket_id ORDER BY 1, 2
"""
_TELLING = "SELECT envelope FROM savctl_outbox ORDER BY ticket_id, id"
_TICKETS = """
SELECT ticket_number, status, priority, assigned_to, metadata, updated_at
FROM support_tickets ORDER BY 1
"""
_AUDIT = """
SELECT t.ticket_number, a.action, a.entry FROM savctl_audit a
JOIN support_tickets t ON t.id = a.ticket_id ORDER BY 1, a.id
"""
_TABLES = (
    *("ticket_messages", "support_tickets", "savctl_sla_alarms", "savctl_sla_breaches"),
    *("savctl_outbox", "savctl_audit", "savctl_runs", "savctl_leases"),
)


def open_late_shop(database: Database, count: int) -> None:
    """So many tickets as they stand at `NOW`; every other one has its alarm already."""
    tickets = [_KINDS[n % KINDS](n) for n in range(count)]
    database.transaction(lambda c: _stored(c, tickets))


def emptied(database: Database) -> None:
    """Everything is gone, and the scan has never looked."""
    for table in _TABLES:
        write(database, f"DELETE FROM {table}")
    write(database, "DELETE FROM savctl_meta WHERE name = 'sla_watch'")


def traces(database: Database) -> dict[str, list[Any]]:
    """All that a scan wrote, by ticket number: ids differ from one shop to the next."""
    answer = [json.loads(row["envelope"]) for row in rows(database, _TELLING)]
    for envelope in answer:
        del envelope["data"]["ticket_id"]
    return {
        "ledger": [tuple(row.values()) for row in rows(database, _LEDGER)],
        "events": answer,
        "tickets": [tuple(row.values()) for row in rows(database, _TICKETS)],
        "audit": [tuple(row.values()) for row in rows(database, _AUDIT)],
    }


def _stored(connection: Any, tickets: list[Ticket]) -> None:
    ids = insert_tickets(connection, tickets)
    by_kind = list(enumerate(ids))
    _answer(connection, [i for n, i in by_kind if n % KINDS == 2], NOW - 5 * HOUR)
    _answer(connection, [i for n, i in by_kind if n % KINDS == 3], NOW - 4.5 * HOUR)
    ScheduledChecks(connection).schedule_now((i, NOW) for n, i in by_kind if n // KINDS % 2)
    Ledger(connection).append((i, _RAISED_BEFORE) for n, i in by_kind if n % KINDS == 9)


def _answer(connection: Any, ticket_ids: list[int], at: datetime) -> None:
    stamp = at.strftime("%Y-%m-%d %H:%M:%S")
    for ticket_id in ticket_ids:
        connection.exec_driver_sql(
            "INSERT INTO ticket_messages (ticket_id, sender_id, sender_type, message, "
            f"is_internal, created_at, updated_at) VALUES ({ticket_id}, {AGENT}, 'agent', "
            f"'We look into it.', 0, '{stamp}', '{stamp}')"
        )


def _life(number: int, priority: str, age: timedelta, *path: Status, **more: Any) -> Ticket:
    """A ticket that savctl made: one step after each hour of its life."""
    born = NOW - age
    entries = [HistoryEntry(at=born, actor=CUSTOMER, action=Action.CREATED, after="open")]
    before = Status.OPEN
    for hour, status in enumerate(path, start=1):
        at = born + hour * HOUR
        entries.append(
            HistoryEntry(
                at=at, actor=AGENT, action=Action.STATUS, before=str(before), after=str(status)
            )
        )
        before = status
    promise = {"priority": priority, "policy": 1, "since": second_text(born)}
    metadata = EMPTY.with_members(sla={"promise": promise, "breaches": []}).with_history(entries)
    known: dict[str, Any] = {
        "ticket_number": f"TKT-{number:06d}",
        "priority": Priority(priority),
        "metadata": metadata,
        "created_at": born,
        "updated_at": entries[-1].at,
        "resolved_at": entries[-1].at if before is Status.RESOLVED else None,
    }
    return a_ticket(before, **known | more)


def _foreign(number: int) -> Ticket:
    """Another program's ticket: no history, no promise."""
    return _life(number, "high", 5 * HOUR, metadata=EMPTY.with_members(source="shop"))


def _moved_behind_our_back(number: int) -> Ticket:
    """Its history does not end in its status: never escalated."""
    ticket = _life(number, "high", 90 * HOUR)
    return ticket.changed(status=Status.IN_PROGRESS, assigned_to=AGENT)


def _raised_before(number: int) -> Ticket:
    """A breach that was found a day ago, and raised it."""
    ticket = _life(number, "medium", 48 * HOUR)
    raised = HistoryEntry(
        at=_RAISED_BEFORE.found_at,
        actor=None,
        action=Action.PRIORITY,
        before="medium",
        after="high",
        reason=f"{ESCALATED}: 1440 min promised",
    )
    metadata = with_breaches(ticket.metadata, [_RAISED_BEFORE]).with_history((raised,))
    return ticket.changed(priority=Priority.HIGH, metadata=metadata)


_RAISED_BEFORE = Breach(
    side=Side.RESPONSE,
    at=NOW - 24 * HOUR,
    found_at=NOW - 24 * HOUR + timedelta(minutes=1),
    priority=Priority.MEDIUM,
    expected_minutes=1_440,
    actual_minutes=1_441,
    raised_to=Priority.HIGH,
)
_WORK, _WAIT, _DONE = Status.IN_PROGRESS, Status.WAITING_CUSTOMER, Status.RESOLVED
_KINDS: tuple[Callable[[int], Ticket], ...] = (
    lambda n: _life(n, "medium", 30 * HOUR),
    lambda n: _life(n, "medium", 80 * HOUR),
    lambda n: _life(n, "high", 10 * HOUR, _WORK),  # answered after 5 h
    lambda n: _life(n, "urgent", 5 * HOUR, _WORK),  # answered after half an hour
    lambda n: _life(n, "high", 90 * HOUR, _WORK, _WAIT),
    lambda n: _life(n, "low", 30 * HOUR),
    lambda n: _life(n, "high", 90 * HOUR, _WORK, _DONE),
    _foreign,
    _moved_behind_our_back,
    _raised_before,
)
