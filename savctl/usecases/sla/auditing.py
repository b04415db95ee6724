"""The weekly SLA audit: every clock computed again and compared with what is written down.

Rules 4.7: breaches that no scan saw in time are recorded and published now, without raising a
ticket that is no longer worked on. What another program removed is put back; the rest is
reported.
"""

from __future__ import annotations

from array import array
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import NamedTuple

from savctl.domain.clock import instant, second_text
from savctl.domain.model.ticket import Ticket
from savctl.domain.sla.audit import FindingKind, SlaFinding, findings
from savctl.domain.sla.breach import Breach, breaches_of, with_breaches
from savctl.domain.sla.clock import Side, SlaClock, clock
from savctl.domain.sla.policy import Policies
from savctl.domain.sla.targets import ClockSource
from savctl.domain.tickets.decision import Decision
from savctl.domain.tickets.escalation import record_breaches
from savctl.persistence.engine import Database
from savctl.persistence.jobs.reports import delete_reports, keep_report, last_report
from savctl.persistence.sla.facts import SlaFacts, sla_facts
from savctl.persistence.tickets.candidates import AllTickets, TheseTickets, read_page
from savctl.persistence.unit_of_work import UnitOfWork, in_transaction
from savctl.ports import Clock
from savctl.usecases.batch.batches import BatchContext, in_batches
from savctl.usecases.batch.report import Item, ItemOutcome
from savctl.usecases.batch.safety_limit import stop

KIND = "sla-audit"
_LISTED = 200
_KEPT = timedelta(days=366)
_REPAIRED = frozenset({FindingKind.MISSED, FindingKind.WIPED, FindingKind.UNLEDGERED})


@dataclass(slots=True)
class AuditReport:
    """What an audit found: counts are exact, the list is bounded."""

    made_at: datetime
    tickets: int = 0
    merged: int = 0
    derived: int = 0
    counts: Counter[FindingKind] = field(default_factory=Counter)
    items: list[dict[str, object]] = field(default_factory=list)

    @property
    def is_clean(self) -> bool:
        """Whether nothing was found."""
        return not self.counts

    def add(self, ticket: Ticket, found: SlaFinding) -> None:
        """Count a finding, and list it while there is room."""
        self.counts[found.finding] += 1
        if len(self.items) < _LISTED:
            self.items.append(
                {
                    "id": ticket.id,
                    "ticket_number": ticket.ticket_number,
                    "finding": str(found.finding),
                    "detail": found.detail,
                }
            )

    def as_json(self) -> dict[str, object]:
        """The report as it is stored and shown."""
        return {
            "made_at": second_text(self.made_at),
            "tickets": self.tickets,
            "merged": self.merged,
            "derived": self.derived,
            **{str(finding): self.counts[finding] for finding in FindingKind},
            "items": self.items,
        }


class _Audited(NamedTuple):
    ticket: Ticket
    seen: SlaClock
    ledger: tuple[Breach, ...]
    found: tuple[SlaFinding, ...]

    @property
    def needs_repair(self) -> bool:
        return bool(self.found) and any(found.finding in _REPAIRED for found in self.found)


def audit(
    database: Database,
    clock_: Clock,
    *,
    terms: BatchContext,
    policies: Policies,
    brake: int | None = None,
) -> AuditReport:
    """Audit every ticket, repair what can be repaired, and store the report.

    `brake` is the greatest number of missed breaches that may be published without a person's
    word; None for no brake.

    Raises:
        NeedsConfirmation: more than `brake` were missed; nothing was done.
        Unavailable: the database went away, or the lease was lost; committed batches stay.
    """
    now = clock_()
    report, broken, unread = _examined(database, now, terms, policies)
    if brake is not None and report.counts[FindingKind.MISSED] > brake:
        _stop(terms, report.counts[FindingKind.MISSED], brake)

    def work(uow: UnitOfWork, ids: Sequence[int]) -> list[Item]:
        return _repair_batch(uow, ids, now, policies)

    stopped_at = in_batches(database, TheseTickets(broken), work, terms=terms)
    unrepaired = 0 if stopped_at is None else sum(found > stopped_at for found in broken)
    terms.report.seen, terms.report.left = report.tickets, unread + unrepaired
    if not terms.report.left and not terms.dry_run:
        in_transaction(database, lambda uow: _keep(uow, report, terms), fence=terms.fence)
    return report


def last_audit(database: Database) -> dict[str, object] | None:
    """The report of the last audit, None when there was none."""
    with database.reading() as connection:
        return last_report(connection, KIND)


def _examined(
    database: Database, now: datetime, terms: BatchContext, policies: Policies
) -> tuple[AuditReport, Sequence[int], int]:
    """Read every ticket, nothing locked.

    Answers also the ids of those to be repaired, and how many were not read because of a stop.
    """
    report, broken, after_id = AuditReport(made_at=now), array("q"), 0
    since = _last_audit_at(database) or now - timedelta(days=7)
    pages = AllTickets()
    while not terms.should_stop():
        with database.reading() as connection:
            tickets, last_id = read_page(connection, pages, after_id=after_id, limit=terms.size)
            facts = sla_facts(connection, tickets)
        if last_id is None:
            break
        after_id = last_id
        for one in _audited(tickets, facts, now, since, policies):
            _count(report, one)
            if one.needs_repair:
                broken.append(one.ticket.id)
    with database.reading() as connection:
        return report, broken, pages.count(connection, after_id=after_id)


def _audited(
    tickets: Sequence[Ticket],
    facts: Mapping[int, SlaFacts],
    now: datetime,
    since: datetime,
    policies: Policies,
) -> Iterator[_Audited]:
    for ticket in tickets:
        answered_at, known = facts[ticket.id]
        seen = clock(ticket, now=now, answered_at=answered_at, policies=policies)
        found = tuple(findings(ticket, seen, known, since=since))
        yield _Audited(ticket, seen, known, found)


def _count(report: AuditReport, one: _Audited) -> None:
    report.tickets += 1
    report.merged += not one.seen.is_counted
    report.derived += one.seen.timeline.source is ClockSource.DERIVED
    for found in one.found:
        report.add(one.ticket, found)


def _repair_batch(
    uow: UnitOfWork, ids: Sequence[int], now: datetime, policies: Policies
) -> list[Item]:
    """One transaction: lock, compute again, write down what is missing on either side."""
    locked = uow.tickets.lock_many(ids)
    changes: list[tuple[Ticket, Decision]] = []
    items = []
    facts = sla_facts(uow.connection, locked)
    for one in _audited(locked, facts, now, now, policies):
        whole = _put_back(uow, one)
        known = frozenset(b.side for b in (*one.ledger, *breaches_of(one.ticket.metadata)))
        decision = record_breaches(whole, one.seen, known=known)
        if decision.is_change:
            changes.append((one.ticket, decision))
        elif whole is not one.ticket:
            uow.tickets.save(whole)
        findings = "; ".join(f"{f.finding} {f.detail}" for f in one.found)
        if one.needs_repair:
            items.append(
                Item(one.ticket.id, one.ticket.ticket_number, ItemOutcome.CHANGED, findings)
            )
    uow.record_many(changes)
    return items


def _put_back(uow: UnitOfWork, one: _Audited) -> Ticket:
    """The ticket with what only the ledger knows; the ledger gets what only the ticket knows."""
    stored = breaches_of(one.ticket.metadata)
    inside, outside = _sides(stored), _sides(one.ledger)
    lacking = {b.side: b for b in stored if b.side not in outside}
    uow.breaches.append((one.ticket.id, breach) for breach in lacking.values())
    wiped = [breach for breach in one.ledger if breach.side not in inside]
    if not wiped:
        return one.ticket
    return one.ticket.changed(metadata=with_breaches(one.ticket.metadata, wiped))


def _sides(breaches: Sequence[Breach]) -> frozenset[Side]:
    return frozenset(breach.side for breach in breaches)


def _last_audit_at(database: Database) -> datetime | None:
    last = last_audit(database)
    return instant(last.get("made_at")) if last else None


def _keep(uow: UnitOfWork, report: AuditReport, terms: BatchContext) -> None:
    run_id = terms.fence.run_id if terms.fence else None
    keep_report(uow.connection, KIND, report.as_json(), at=report.made_at, run_id=run_id)
    delete_reports(uow.connection, KIND, before=report.made_at - _KEPT)


def _stop(terms: BatchContext, missed: int, brake: int) -> None:
    stop(
        terms,
        f"{KIND} would publish {missed:,} breaches that no scan saw, more than {brake:,}",
        undone="nothing was recorded",
        hint=f"See them: savctl sla audit --dry-run. Record them: savctl job run {KIND} "
        "--yes. The limit is the setting sla_audit_brake.",
        job=KIND,
        limit=brake,
        due=missed,
    )
