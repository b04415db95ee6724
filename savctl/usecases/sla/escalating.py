"""The SLA scan: each breach is recorded and published once, a late answer raises once.

Spec: SLA Breach Handling; rules 4.5 to 4.7. It looks at tickets whose alarm has come, and at
those that another program made or changed: at new ones each time, at all active ones now and then.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from functools import partial
from typing import NamedTuple

from savctl.domain.model.states import Status
from savctl.domain.model.ticket import Ticket
from savctl.domain.sla.breach import Breach, breaches_in, breaches_of
from savctl.domain.sla.clock import Side, SlaClock, clock, new_breaches, next_look
from savctl.domain.sla.policy import Policies
from savctl.domain.sla.targets import COUNTED
from savctl.domain.tickets.decision import Decision
from savctl.domain.tickets.escalation import record_breaches
from savctl.persistence.engine import Database
from savctl.persistence.sla.locked_lives import LockedRow, lock_rows
from savctl.persistence.sla.scan_cursor import ScanCursor, read_watch, write_watch
from savctl.persistence.sla.scheduled_checks import (
    DueChecks,
    UnscheduledTickets,
    count_due,
    newest_ticket_id,
)
from savctl.persistence.unit_of_work import UnitOfWork, in_transaction
from savctl.ports import Clock
from savctl.usecases.batch.batches import BatchContext, in_batches
from savctl.usecases.batch.report import Item, ItemOutcome

# How often all active tickets are compared with their alarms, and how often one is looked at
# whose clock is paused: another program may have started it.
WHOLE_EVERY = timedelta(hours=1)
LONGEST_PAUSE = timedelta(minutes=15)
_NOTHING = frozenset[Side]()
_CLOSED = Status.CLOSED  # to ask an Enum for it takes longer than to compare it
_IN_USE = "in use by another program or command at this moment; the next run looks again"


class _Judged(NamedTuple):
    """A locked ticket, its clocks, what is written down of it already, and what is not yet.

    The scan writes to tickets that are worked on; the others are the audit's (rules 4.6). The
    ticket itself is None where its life is enough: it is not late.
    """

    id: int
    status: Status
    updated_at: datetime | None
    ticket: Ticket | None
    seen: SlaClock
    known: frozenset[Side]
    late: frozenset[Side]

    def next_look(self) -> datetime | None:
        """When a breach can come that is not written down by then."""
        return next_look(self.seen, recorded=self.known | self.late, longest_pause=LONGEST_PAUSE)


def escalate(
    database: Database, clock_: Clock, *, terms: BatchContext, policies: Policies | None = None
) -> None:
    """Record the breaches of open and in_progress tickets that are not recorded yet.

    Raises:
        Unavailable: the database went away, or the lease was lost; committed batches stay.
    """
    now = clock_()
    with database.reading() as connection:
        watch, newest = read_watch(connection), newest_ticket_id(connection)
    is_whole = watch is None or not now - WHOLE_EVERY < watch.full_scan_at <= now
    known = policies or Policies()
    terms.announce(database, partial(count_due, now=now))

    def work(uow: UnitOfWork, ids: Sequence[int]) -> list[Item]:
        return _scan_batch(uow, ids, clock_(), known)

    from_id = 0 if watch is None or is_whole else watch.up_to_id
    for pages in (DueChecks(now), UnscheduledTickets(now, from_id)):
        if in_batches(database, pages, work, terms=terms) is not None:
            break
    if terms.should_stop():
        with database.reading() as connection:
            terms.report.left = count_due(connection, now=now)
    elif is_whole and not terms.dry_run:
        seen = ScanCursor(full_scan_at=now, up_to_id=newest)
        in_transaction(database, lambda uow: write_watch(uow.connection, seen), fence=terms.fence)


def _scan_batch(
    uow: UnitOfWork, ids: Sequence[int], now: datetime, policies: Policies
) -> list[Item]:
    """One transaction: lock, judge what is locked, write all of it set-wise."""
    locked = lock_rows(uow.connection, ids)
    judged = _judge(uow, locked, now, policies)
    late = [(j, j.ticket) for j in judged if j.late and j.ticket is not None]
    made = {j.id: record_breaches(ticket, j.seen, known=j.known) for j, ticket in late}
    uow.record_many([(ticket, made[j.id]) for j, ticket in late])
    uow.alarms.put(
        (j.id, j.next_look(), made[j.id].ticket.updated_at if j.late else j.updated_at)
        for j in judged
        if j.status is not _CLOSED
    )
    uow.alarms.remove([j.id for j in judged if j.status is _CLOSED])
    items = [item for j in judged if (item := _item(j, made.get(j.id))) is not None]
    return items + _not_locked(uow, sorted(set(ids) - {row.id for row in locked}))


def _judge(
    uow: UnitOfWork, rows: Sequence[LockedRow], now: datetime, policies: Policies
) -> list[_Judged]:
    """The clocks of locked tickets; one query for all their answers, one for the ledger."""
    lives = {row.id: life for row in rows if (life := row.life()) is not None}
    tickets = {row.id: row.ticket() for row in rows if row.id not in lives}
    answers = uow.messages.first_public(list(lives))
    answers |= uow.messages.first_answers(list(tickets.values()))
    ledger = uow.breaches.sides([row.id for row in rows])
    judged = []
    for row in rows:
        answered_at, recorded = answers.get(row.id), ledger.get(row.id, _NOTHING)
        if (life := lives.get(row.id)) is not None:
            seen = life.clock(now=now, answered_at=answered_at, policies=policies)
            status, stored = life.status, breaches_in(life.sla.get("breaches"))
        else:
            ticket = tickets[row.id]
            seen = clock(ticket, now=now, answered_at=answered_at, policies=policies)
            status, stored = ticket.status, breaches_of(ticket.metadata)
        known = recorded | _sides(stored)
        late = _new_sides(seen, known) if status in COUNTED else _NOTHING
        if late and life is not None:
            tickets[row.id] = row.ticket()
        judged.append(
            _Judged(row.id, status, row.updated_at, tickets.get(row.id), seen, known, late)
        )
    return judged


def _sides(breaches: Iterable[Breach]) -> frozenset[Side]:
    return frozenset([breach.side for breach in breaches])


def _new_sides(seen: SlaClock, known: frozenset[Side]) -> frozenset[Side]:
    return frozenset([side.side for side in new_breaches(seen, known=known)])


def _item(judged: _Judged, decision: Decision | None) -> Item | None:
    ticket, problem = judged.ticket, judged.seen.timeline.problem
    if ticket is None:
        return None
    if decision is not None:
        detail = "; ".join(_breach_text(ticket, breach) for breach in decision.breaches)
        return Item(ticket.id, ticket.ticket_number, ItemOutcome.CHANGED, detail)
    is_odd = problem is not None and ticket.status in COUNTED
    if is_odd and any(side.is_breached for side in judged.seen.sides):
        reason = f"looks late, but is not escalated: {problem}; see savctl sla explain"
        return Item(ticket.id, ticket.ticket_number, ItemOutcome.SKIPPED, reason)
    return None


def _breach_text(ticket: Ticket, breach: Breach) -> str:
    text = f"{breach.side}: {breach.actual_minutes} of {breach.expected_minutes} min"
    if breach.raised_to is None:
        return text
    return f"{text}, raised {ticket.priority} → {breach.raised_to}"


def _not_locked(uow: UnitOfWork, ids: Sequence[int]) -> list[Item]:
    """What is left of a batch: rows in use are named, alarms of rows that are gone go as well."""
    there = uow.tickets.numbers_of(ids)
    uow.alarms.remove([ticket_id for ticket_id in ids if ticket_id not in there])
    return [Item(i, number, ItemOutcome.SKIPPED, _IN_USE) for i, number in there.items()]
