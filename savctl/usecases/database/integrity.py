"""`db check`: every invariant over the whole database, and the repairs that are safe (rules 1.3).

Reading holds no lock and never more than a page. A repair is one transaction for one ticket:
its row is locked, everything is judged anew, and what was done is noted in the audit. Closed
tickets are repaired, too: their state does not change, only the record of it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from savctl.domain.model.status_chain import Item
from savctl.domain.tickets.integrity import Facts, InvariantProblem, problems, repair
from savctl.domain.tickets.invariants import INVARIANTS, Invariant, Severity
from savctl.domain.tickets.merge_links import link_problems
from savctl.errors import NotFound
from savctl.persistence.engine import Database
from savctl.persistence.tickets import dangling_rows, integrity
from savctl.persistence.tickets.integrity import Unreadable
from savctl.persistence.unit_of_work import UnitOfWork, in_transaction
from savctl.ports import Clock
from savctl.usecases.database.future_slots import CHECK, future_slots, remove_future_slot
from savctl.usecases.operation import Operation

_PAGE = 1_000
_SAMPLE = 20


@dataclass(frozen=True, slots=True)
class Example:
    """One place where an invariant is broken; `ticket_number` is None for a row of none."""

    id: int | None
    ticket_number: str | None
    detail: str


@dataclass(slots=True)
class BrokenInvariant:
    """An invariant that is broken somewhere: how often, some examples, how many were repaired."""

    invariant: Invariant
    count: int = 0
    repaired: int = 0
    sample: list[Example] = field(default_factory=list)

    @property
    def is_open(self) -> bool:
        """Whether something is still broken."""
        return self.invariant.severity is Severity.ERROR and self.count > self.repaired


@dataclass(slots=True)
class CheckReport:
    """What a check found; `tickets` were looked at, `stopped` before the end."""

    dry_run: bool
    tickets: int = 0
    stopped: bool = False
    findings: dict[str, BrokenInvariant] = field(default_factory=dict)

    @property
    def is_broken(self) -> bool:
        """Whether an invariant is broken; what a dry run would repair still is."""
        return any(f.is_open or (self.dry_run and f.repaired) for f in self.findings.values())

    def ordered(self) -> list[BrokenInvariant]:
        """The findings, errors first, in the order of the invariants."""
        found = [self.findings[check] for check in INVARIANTS if check in self.findings]
        return sorted(found, key=lambda f: list(Severity).index(f.invariant.severity))

    def add(self, check: str, example: Example | None, *, count: int = 1) -> None:
        """Count a finding; only the first examples are kept."""
        finding = self.findings.setdefault(check, BrokenInvariant(INVARIANTS[check]))
        finding.count += count
        if example is not None and len(finding.sample) < _SAMPLE:
            finding.sample.append(example)


@dataclass(frozen=True, slots=True, kw_only=True)
class CheckOptions:
    """How a check is done: with repairs or without, as whom, and who may stop it."""

    fix: bool = False
    dry_run: bool = False
    by: int | None = None
    page: int = _PAGE
    should_stop: Callable[[], bool] = lambda: False
    progress: Callable[[int], None] = lambda _: None


def check_integrity(database: Database, clock: Clock, *, terms: CheckOptions) -> CheckReport:
    """Look at every ticket, message, attachment, event and audit entry.

    Raises:
        Unavailable: the database went away; repairs made so far stay.
    """
    report = CheckReport(dry_run=terms.dry_run)
    _check_database(database, report)
    _check_slots(database, clock, terms, report)
    _check_tickets(database, clock, terms, report)
    for check in dangling_rows.STRAYS:
        _check_strays(database, check, terms, report)
    return report


def _check_database(database: Database, report: CheckReport) -> None:
    with database.reading() as connection:
        for line in integrity.damage(connection, sample=_SAMPLE):
            report.add("file-damaged", Example(None, None, line))
        for numbers in integrity.numbers_twice(connection, sample=_SAMPLE):
            report.add("number-twice", Example(None, numbers.partition(",")[0], numbers))


def _check_slots(
    database: Database, clock: Clock, terms: CheckOptions, report: CheckReport
) -> None:
    for slot in future_slots(database):
        report.add(CHECK, Example(slot.run_id, None, slot.detail))
        if terms.fix:
            is_gone = remove_future_slot(
                Operation(database, clock, actor=terms.by, dry_run=terms.dry_run), slot
            )
            report.findings[CHECK].repaired += is_gone


def _check_tickets(
    database: Database, clock: Clock, terms: CheckOptions, report: CheckReport
) -> None:
    after_id = 0
    while not terms.should_stop():
        seen = _check_page(database, clock, terms, report, after_id)
        if seen is None:
            return
        after_id = seen
        terms.progress(report.tickets)
    report.stopped = True


def _check_page(
    database: Database, clock: Clock, terms: CheckOptions, report: CheckReport, after_id: int
) -> int | None:
    """One page; answers its last id, or None when there was none."""
    with integrity.snapshot(database) as connection:
        tickets = integrity.tickets_page(connection, after_id=after_id, limit=terms.page)
        ids = [ticket.id for ticket in tickets]
        audited = integrity.audited(connection, ids)
        unexplained = integrity.events_without_audit(connection, ids)
        readable = [ticket for ticket in tickets if isinstance(ticket, Facts)]
        others = integrity.linked(connection, readable)
        late = integrity.messages_on_merged(connection, readable)
    repairable: dict[int, list[InvariantProblem]] = {}
    for ticket in tickets:
        for event in unexplained.get(ticket.id, ()):
            report.add("event-without-audit", Example(ticket.id, ticket.number, event))
        found = _problems(ticket, audited.get(ticket.id, []), clock())
        links: list[InvariantProblem] = []
        if isinstance(ticket, Facts):
            links += link_problems(ticket, others, late.get(ticket.id, 0))
        for problem in (*found, *links):
            report.add(problem.check, Example(ticket.id, ticket.number, problem.detail))
        if any(problem.is_repairable for problem in found):
            repairable[ticket.id] = found
    report.tickets += len(tickets)
    if terms.fix:
        _repair_all(database, clock, terms, report, repairable)
    return ids[-1] if ids else None


def _problems(
    ticket: Facts | Unreadable, audited: Sequence[Item], now: datetime
) -> list[InvariantProblem]:
    if isinstance(ticket, Unreadable):
        return [InvariantProblem("value-unknown", ticket.reason)]
    return problems(ticket, audited=audited, now=now)


def _repair_all(
    database: Database,
    clock: Clock,
    terms: CheckOptions,
    report: CheckReport,
    repairable: Mapping[int, Sequence[InvariantProblem]],
) -> None:
    for ticket_id, found in repairable.items():
        if terms.should_stop():
            return
        left = _repair_one(database, clock, terms, ticket_id)
        for problem in found:
            report.findings[problem.check].repaired += problem.check not in left


def _repair_one(
    database: Database, clock: Clock, terms: CheckOptions, ticket_id: int
) -> frozenset[str]:
    """Put right what is safe; answers what is broken still."""

    def work(uow: UnitOfWork) -> frozenset[str]:
        try:
            ticket = uow.tickets.lock(ticket_id)
        except NotFound:
            return frozenset()
        audited = integrity.audited(uow.connection, [ticket_id]).get(ticket_id, [])
        repaired = repair(ticket, audited=audited)
        if repaired.done:
            uow.tickets.save(repaired.ticket)
            details = {"ticket_id": ticket.id, "repairs": list(repaired.done)}
            uow.audit.note("repaired", actor=terms.by, at=clock(), details=details)
        left = problems(Facts.of(repaired.ticket), audited=audited, now=clock())
        return frozenset(problem.check for problem in left)

    return in_transaction(database, work, dry_run=terms.dry_run)


def _check_strays(
    database: Database, check: str, terms: CheckOptions, report: CheckReport
) -> None:
    after_id = 0
    while not terms.should_stop():
        with database.reading() as connection:
            count, sample, last = dangling_rows.window(
                connection, check, after_id=after_id, sample=_SAMPLE
            )
        if last is None:
            return
        if count:
            report.add(check, None, count=count)
            for stray in sample:
                report.add(check, Example(stray.id, None, stray.detail), count=0)
        after_id = last
    report.stopped = True
