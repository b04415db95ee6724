"""What is wrong with the SLA of a ticket, as its weekly audit finds it (rules 4.5, 4.7)."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from savctl.domain.model.ticket import Ticket
from savctl.domain.sla.breach import Breach, breaches_of
from savctl.domain.sla.clock import Side, SlaClock, new_breaches
from savctl.domain.sla.targets import COUNTED, ClockSource

# A scan comes every minute; later than this, something did not run.
IN_TIME = timedelta(minutes=10)


class FindingKind(StrEnum):
    """What an audit can find."""

    MISSED = "missed"  # a breach that no scan saw
    LATE = "late"  # found, but long after the target had passed
    DOUBLED = "doubled"  # one side is written down twice
    UNFOUNDED = "unfounded"  # written down, and the clock does not find it
    WIPED = "wiped"  # it stands in the ledger only: another program rewrote the metadata
    UNLEDGERED = "unledgered"  # it stands in the metadata only
    PARTIAL = "partial"  # the history contradicts the ticket


@dataclass(frozen=True, slots=True)
class SlaFinding:
    """One finding with what a person needs to know of it."""

    finding: FindingKind
    detail: str


def findings(
    ticket: Ticket, seen: SlaClock, ledger: Sequence[Breach], *, since: datetime
) -> Iterator[SlaFinding]:
    """What is wrong with a ticket's SLA; late ones only if they were found `since` then."""
    stored = breaches_of(ticket.metadata)
    if seen.timeline.source is ClockSource.PARTIAL:
        yield SlaFinding(FindingKind.PARTIAL, seen.timeline.problem or "")
    known = frozenset([b.side for b in (*stored, *ledger)])
    yield from _missed(ticket, seen, known)
    if known:
        yield from _written(stored, ledger, seen, since)


def _written(
    stored: Sequence[Breach], ledger: Sequence[Breach], seen: SlaClock, since: datetime
) -> Iterator[SlaFinding]:
    """What is wrong with what is written down, on either side."""
    inside, outside = {b.side for b in stored}, {b.side for b in ledger}
    for name, count in Counter(b.side for b in stored).items():
        if count > 1:
            yield SlaFinding(FindingKind.DOUBLED, f"{name}: {count} times")
    for name in sorted(outside - inside):
        yield SlaFinding(FindingKind.WIPED, f"{name}: put back into metadata.sla.breaches")
    for name in sorted(inside - outside):
        yield SlaFinding(FindingKind.UNLEDGERED, f"{name}: added to the ledger")
    for breach in stored:
        yield from _judged(breach, seen, since)


def _missed(ticket: Ticket, seen: SlaClock, known: frozenset[Side]) -> Iterator[SlaFinding]:
    """Breaches that nobody wrote down; a new one of a ticket that is worked on is the scan's."""
    for side in new_breaches(seen, known=known):
        is_new = side.passed_at is not None and seen.at - side.passed_at <= IN_TIME
        if not (is_new and ticket.status in COUNTED):
            took = f"{side.actual_minutes} of {side.expected_minutes} min"
            yield SlaFinding(FindingKind.MISSED, f"{side.side}: {took}")


def _judged(breach: Breach, seen: SlaClock, since: datetime) -> Iterator[SlaFinding]:
    late = breach.found_at - breach.at
    if late > IN_TIME and breach.found_at >= since:
        yield SlaFinding(
            FindingKind.LATE, f"{breach.side}: found {late // timedelta(minutes=1)} min late"
        )
    side = next(s for s in seen.sides if s.side is breach.side)
    is_same_promise = side.promise.priority is breach.priority
    if seen.is_trusted and is_same_promise and not side.is_breached:
        took = f"{side.actual_minutes} of {side.expected_minutes} min"
        yield SlaFinding(FindingKind.UNFOUNDED, f"{breach.side}: the clock shows {took}")
