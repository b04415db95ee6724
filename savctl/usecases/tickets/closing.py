"""The two timed closings (rules 3, 11.3 to 11.5)."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple

from savctl.domain.model.states import Status
from savctl.domain.model.ticket import Ticket
from savctl.domain.tickets import closing, lifecycle
from savctl.domain.tickets.closing import (
    NO_FILE,
    ClosingLimits,
    ClosingVerdict,
    LastFile,
    LastPublic,
)
from savctl.domain.tickets.decision import Decision
from savctl.persistence.engine import Database
from savctl.persistence.files.file_answers import last_files
from savctl.persistence.tickets.candidates import Candidates, read_tickets
from savctl.persistence.unit_of_work import UnitOfWork
from savctl.ports import Clock
from savctl.usecases.batch.batches import BatchContext, in_batches
from savctl.usecases.batch.report import Item, ItemOutcome
from savctl.usecases.batch.safety_limit import counted, stop

NEVER = LastPublic()
_IN_USE = "in use by another program or command at this moment; the next run looks again"
_SKIPPED = {
    closing.ClosingOutcome.HELD: "held: {}",
    closing.ClosingOutcome.UNKNOWN: "{}",
}


class _RuledTicket(NamedTuple):
    """A ticket, what is to be done with it, and at what time: not before its newest message."""

    ticket: Ticket
    verdict: ClosingVerdict
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class _Closing:
    """One of the two: its job, its rule, and the status it looks at."""

    job: str
    rule: Callable[..., ClosingVerdict]
    status: Status
    limits: ClosingLimits
    heal: bool = False

    def candidates(self, now: datetime) -> Candidates:
        """Every waiting ticket, because a missed answer is reported at once; of the resolved,
        those whose window may be over."""
        is_resolved = self.status is Status.RESOLVED
        cut = now - self.limits.confirmation if is_resolved else None
        return Candidates(status=self.status, resolved_by=cut)

    def judge(
        self, uow: UnitOfWork, tickets: Sequence[Ticket], now: datetime
    ) -> list[_RuledTicket]:
        """What is to be done with each ticket; a query for all their messages, one for files.

        No rule judges a row with a value that the schema does not have.
        """
        known = [ticket for ticket in tickets if not ticket.odd_values]
        last = uow.messages.last_public(known)
        came = last_files(uow.connection, known)
        return [
            self._judged(t, last.get(t.id, NEVER), came.get(t.id, NO_FILE), now) for t in known
        ]

    def _judged(
        self, ticket: Ticket, last: LastPublic, file: LastFile, now: datetime
    ) -> _RuledTicket:
        verdict = self.rule(ticket, last, now=now, limits=self.limits, file=file)
        return _RuledTicket(ticket, verdict, max(now, last.latest_at or now))


def close_silent(
    database: Database,
    clock: Clock,
    *,
    limits: ClosingLimits,
    terms: BatchContext,
    brake: int | None = None,
    heal: bool = False,
) -> None:
    """Close the tickets whose customers have not answered for the whole limit.

    `brake` is the greatest number that may be closed without confirmation; None for no
    brake. `heal` moves tickets whose customer did answer, and which still wait because another
    program missed it, to in_progress. What was done is added to `terms.report`.

    Raises:
        NeedsConfirmation: more than `brake` are due; nothing was done.
        Unavailable: the database went away, or the lease was lost; committed batches stay.
    """
    subject = _Closing(
        job="auto-close",
        rule=closing.silence,
        status=Status.WAITING_CUSTOMER,
        limits=limits,
        heal=heal,
    )
    _close(database, clock, subject, terms, brake)


def close_resolved(
    database: Database,
    clock: Clock,
    *,
    limits: ClosingLimits,
    terms: BatchContext,
    brake: int | None = None,
) -> None:
    """Close the resolved tickets whose confirmation window is over and nobody contested.

    Raises:
        NeedsConfirmation: more than `brake` are due; nothing was done.
        Unavailable: the database went away, or the lease was lost; committed batches stay.
    """
    subject = _Closing(
        job="close-resolved", rule=closing.confirmation, status=Status.RESOLVED, limits=limits
    )
    _close(database, clock, subject, terms, brake)


def _close(
    database: Database, clock: Clock, subject: _Closing, terms: BatchContext, brake: int | None
) -> None:
    candidates = subject.candidates(clock())
    if brake is not None:
        _require_few(database, clock(), subject, terms, brake)

    terms.announce(database, candidates.count)

    def work(uow: UnitOfWork, ids: Sequence[int]) -> list[Item]:
        return _close_batch(uow, ids, subject, candidates, clock())

    stopped_at = in_batches(database, candidates, work, terms=terms)
    if stopped_at is not None:
        with database.reading() as connection:
            terms.report.left = candidates.count(connection, after_id=stopped_at)


def _close_batch(
    uow: UnitOfWork,
    ids: Sequence[int],
    subject: _Closing,
    candidates: Candidates,
    now: datetime,
) -> list[Item]:
    """One transaction: lock, judge what is locked, write all of it set-wise."""
    locked = uow.tickets.lock_many(ids, skip_locked=True, has_words=False)
    items = [_left(ticket) for ticket in locked if ticket.odd_values]
    changes: list[tuple[Ticket, Decision]] = []
    for judged in subject.judge(uow, locked, now):
        decision, item = _carry_out(judged.ticket, judged.verdict, judged.at, subject.heal)
        if decision is not None:
            changes.append((judged.ticket, decision))
        if item is not None:
            items.append(item)
    uow.record_many(changes)
    if len(locked) < len(ids):
        missing = sorted(set(ids).difference(ticket.id for ticket in locked))
        busy = candidates.still(uow.connection, missing)
        items += [Item(i, number, ItemOutcome.SKIPPED, _IN_USE) for i, number in busy]
    return items


def _carry_out(
    ticket: Ticket, verdict: ClosingVerdict, now: datetime, heal: bool
) -> tuple[Decision | None, Item | None]:
    match verdict.outcome:
        case closing.ClosingOutcome.NOT_YET:
            return None, None
        case closing.ClosingOutcome.CLOSE:
            decision = lifecycle.move(
                ticket, Status.CLOSED, by=None, now=now, reason=verdict.reason
            )
            return decision, _item(ticket, ItemOutcome.CHANGED, verdict.reason, verdict.remark)
        case closing.ClosingOutcome.MISSED:
            return _missed(ticket, verdict, now, heal)
        case _:
            reason = _SKIPPED[verdict.outcome].format(verdict.reason)
            return None, _item(ticket, ItemOutcome.SKIPPED, reason, verdict.remark)


def _left(ticket: Ticket) -> Item:
    """A row that another program broke: a person has to look at it."""
    reason = f"left as it is: it has {' and '.join(ticket.odd_values)}; savctl db check"
    return _item(ticket, ItemOutcome.FAILED, reason)


def _missed(
    ticket: Ticket, verdict: ClosingVerdict, now: datetime, heal: bool
) -> tuple[Decision | None, Item]:
    """A customer answered and the ticket still waits: another program missed it (rules 3.1)."""
    if not heal:
        return None, _item(ticket, ItemOutcome.SKIPPED, f"{verdict.reason}; --heal moves it")
    decision = lifecycle.customer_wrote(ticket, by=None, now=now)
    if not decision.is_change:
        reason = f"{verdict.reason}; it has no agent: assign it"
        return None, _item(ticket, ItemOutcome.SKIPPED, reason)
    return decision, _item(ticket, ItemOutcome.CHANGED, "customer answered: moved to in_progress")


def _item(ticket: Ticket, outcome: ItemOutcome, reason: str, remark: str | None = None) -> Item:
    if remark is None:
        return Item(ticket.id, ticket.ticket_number, outcome, reason)
    return Item(
        ticket.id, ticket.ticket_number, outcome, f"{reason} ({remark})", always_listed=True
    )


def _require_few(
    database: Database, now: datetime, subject: _Closing, terms: BatchContext, brake: int
) -> None:
    """Pass when at most `brake` tickets are due; counted without locking (rules 3.4, 11.5)."""
    candidates = subject.candidates(now)
    with database.reading() as connection:
        if candidates.count(connection, up_to=brake + 1) <= brake:
            return
    due = counted(_due_pages(database, now, subject, terms), brake=brake)
    if not due.exceeds(brake):
        return
    job = subject.job
    stop(
        terms,
        f"{job} would close {due} tickets in one run, more than {brake:,}, and notify every "
        "customer",
        undone="nothing was closed",
        hint=f"See them: savctl job run {job} --dry-run. "
        f"Close them: savctl job run {job} --yes. The limit is the setting closing_brake.",
        job=job,
        limit=brake,
        due=due.number,
    )


def _due_pages(
    database: Database, now: datetime, subject: _Closing, terms: BatchContext
) -> Iterator[int]:
    """Page by page, how many of the candidates would be closed."""
    candidates, after_id = subject.candidates(now), 0
    while not terms.should_stop():
        with database.reading() as connection:
            ids = candidates.page(connection, after_id=after_id, limit=terms.size)
            if not ids:
                return
            judged = subject.judge(UnitOfWork(connection), read_tickets(connection, ids), now)
        yield sum(one.verdict.outcome is closing.ClosingOutcome.CLOSE for one in judged)
        after_id = ids[-1]
