"""The SLA of a ticket in words for people."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

from savctl.domain.breach import Breach
from savctl.domain.clock import second_text
from savctl.domain.history import Action
from savctl.domain.sla import COUNTED, Segment, Source, is_automatic
from savctl.domain.sla_clock import Running, SideClock
from savctl.domain.states import Status
from savctl.usecases.sla_views import Seen

SOURCES = {
    Source.HISTORY: "its own history",
    Source.DERIVED: "its columns, at least for the time before savctl saw it",
    Source.PARTIAL: "a history that contradicts the ticket: it never escalates by itself",
}


def span_words(span: timedelta) -> str:
    """`2 d 3 h`, `3 h 20 min`, `45 s`: the two largest parts."""
    seconds = int(abs(span.total_seconds()))
    parts: list[str] = []
    for size, unit in ((86_400, "d"), (3_600, "h"), (60, "min"), (1, "s")):
        if seconds >= size or (size == 1 and not parts):
            parts.append(f"{seconds // size} {unit}")
            seconds %= size
    return " ".join(parts[:2])


def line_row(seen: Seen) -> dict[str, object]:
    """A ticket in a line of a table."""
    sla = seen.sla
    due = [side.due_at for side in sla.sides if side.due_at is not None]
    return {
        "ticket_number": seen.ticket.number,
        "status": str(seen.ticket.status),
        "priority": str(seen.ticket.priority),
        "promised": f"{sla.promise.priority}, policy {sla.promise.policy.version}",
        "response": _short(sla.response),
        "resolution": _short(sla.resolution),
        "due_at": min(due, default=None),
        "source": str(sla.timeline.source),
    }


def explanation_text(seen: Seen) -> str:
    """The same for a person at 3 a.m."""
    sla, ticket = seen.sla, seen.ticket
    lines = [f"{ticket.number}  {ticket.status}, priority {ticket.priority}", ""]
    lines += ["Promise", f"  {promised_by(seen)}"]
    lines += ["  " + ", ".join(f"{s.side} within {span_words(s.target)}" for s in sla.sides)]
    lines += ["", f"Time, from {SOURCES[sla.timeline.source]}"]
    if sla.timeline.problem:
        lines.append(f"  ! {sla.timeline.problem}; see savctl db check")
    total = timedelta()
    for stretch in sla.timeline.segments:
        total += stretch.counted
        lines.append(f"  {_segment_text(stretch, total)}")
    lines += ["", "Clocks", *(f"  {_side_text(seen, side)}" for side in sla.sides)]
    if seen.breaches:
        lines += ["", "Breaches", *(f"  {_breach_text(breach)}" for breach in seen.breaches)]
    lines += ["", "Next", *(f"  {line}" for line in comes_next(seen))]
    return "\n".join(lines)


def promised_by(seen: Seen) -> str:
    given, ticket = seen.sla.promise, seen.ticket
    changes = [
        e
        for e in ticket.metadata.history
        if e.action == Action.PRIORITY and not is_automatic(e) and e.after == given.priority
    ]
    how = "given at creation"
    if changes:
        who = "by nobody named" if changes[-1].actor is None else f"by {changes[-1].actor}"
        how = f"set by hand {who}"
    elif not ticket.metadata.object_at("sla").get("promise"):
        how = "not written down: the present priority counts"
    since = f", {second_text(given.since)}" if given.since else ""
    return f"{given.priority} ({how}{since}), policy {given.policy.version}"


def _segment_text(stretch: Segment, total: timedelta) -> str:
    is_counted = stretch.status in COUNTED
    took = span_words(stretch.end - stretch.start)
    counted = f"+ {took}, total {span_words(total)}" if is_counted else f"({took}, not counted)"
    who = f" by {stretch.actor}" if stretch.actor is not None else ""
    cause = f"  {stretch.cause}{who}" if stretch.cause else ""
    return f"{second_text(stretch.start)}  {stretch.status:<16} {counted}{cause}"


def _side_text(seen: Seen, side: SideClock) -> str:
    said = f"{side.side}: {span_words(side.elapsed)} of {span_words(side.target)}"
    if side.ended_at is not None:
        said += f", ended {second_text(side.ended_at)}"
        said += f" ({side.cause})" if side.cause else ""
    elif side.running is Running.PAUSED:
        said += ", paused"
    if not side.is_breached:
        return said + (", met" if side.is_met else f", {span_words(side.remaining)} left")
    said += f", BREACHED at {second_text(side.passed_at or seen.sla.at)}"
    return said if seen.recorded(side) else f"{said}, not recorded yet"


def _breach_text(breach: Breach) -> str:
    raised = f"; raised the priority to {breach.raised_to}" if breach.raised_to else ""
    return (
        f"{breach.side} ({breach.priority}): target passed {second_text(breach.at)}, found "
        f"{second_text(breach.found_at)} after {breach.actual_minutes} of "
        f"{breach.expected_minutes} min{raised}"
    )


def comes_next(seen: Seen) -> Iterator[str]:
    """What will happen to each side, in words."""
    status, sla = seen.ticket.status, seen.sla
    if not sla.is_counted:
        yield "nothing: it was merged into another ticket and left the statistics"
        return
    for side in sla.sides:
        if (line := _next_of(seen, side)) is not None:
            yield line
    for breach in seen.breaches:
        if not any(s.side is breach.side and s.is_breached for s in sla.sides):
            yield (
                f"{breach.side}: recorded as breached, though today's clock does not find it; it "
                "stands (was the promise changed since?)"
            )
    if status is Status.CLOSED:
        yield "nothing more: closed is final"


def _next_of(seen: Seen, side: SideClock) -> str | None:
    status = seen.ticket.status
    if side.is_breached and seen.recorded(side) is None:
        if not seen.sla.is_trusted:
            return f"{side.side}: not escalated, because the history contradicts the ticket"
        if status in COUNTED:
            return f"{side.side}: the next scan records the breach (sla-escalation, each minute)"
        return f"{side.side}: no scan saw it in time; the weekly sla-audit records it"
    if side.due_at is not None:
        return f"{side.side}: breaches after {second_text(side.due_at)} if nothing happens"
    if side.running is Running.PAUSED:
        return f"{side.side}: paused with {span_words(side.remaining)} left; an answer starts it"
    return None


def _short(side: SideClock) -> str:
    state = "BREACHED" if side.is_breached else "met" if side.is_met else str(side.running)
    return f"{span_words(side.elapsed)} of {span_words(side.target)}, {state}"
