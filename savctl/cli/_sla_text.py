"""The SLA of a ticket in words for people."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta

from savctl.cli._text import cell, safe
from savctl.domain.clock import second_text
from savctl.domain.policy import SPECIFIED, Policy
from savctl.domain.priority import raised
from savctl.domain.sla import COUNTED, Segment, Source
from savctl.domain.sla_clock import Running, Side, SideClock
from savctl.domain.states import Status
from savctl.usecases.sla_views import Origin, Place, Recorded, Recording, Seen, Story

_LATE_FINDING = timedelta(minutes=5)
_CAUSE_WIDTH = 80
_SOURCES = {
    Source.HISTORY: "from its own history",
    Source.DERIVED: "derived from the ticket's columns, because another program made it or moved "
    "it before savctl did; it escalates like any other",
    Source.PARTIAL: "partial: the history contradicts the ticket, so the clock is a guess and "
    "never escalates by itself; savctl db check names what is wrong, db check --fix puts back "
    "what was lost",
}
_PLACES = {
    Place.BOTH: None,
    Place.LEDGER: "another program took it out of the ticket's metadata; it is not told again",
    Place.METADATA: "it stands in the ticket's metadata only: savctl's ledger does not know it",
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
        "due_at": min(due, default=None) if sla.is_counted else None,
        "source": str(sla.timeline.source),
    }


def explanation_text(story: Story) -> str:
    """The explanation for a person at 3 a.m.; what was stored cannot steer the terminal."""
    return "\n".join(safe(line) for line in _lines(story))


def source_words(seen: Seen) -> str:
    """What the clock is computed from, and what that means."""
    line = seen.sla.timeline
    said = _SOURCES[line.source]
    return f"{said} ({line.problem})" if line.problem else said


def comes_next(story: Story) -> Iterator[str]:
    """What will happen, in words."""
    seen = story.seen
    if not seen.sla.is_counted:
        yield "nothing: it was merged into another ticket and left the statistics"
        return
    for side in seen.sla.sides:
        line = _of_recording(seen, side) or _of_clock(seen, side)
        if line is not None:
            yield f"{side.side}: {line}"
    if seen.ticket.status in COUNTED and seen.sla.is_trusted and not story.is_past:
        yield _of_scan(story)
    if seen.ticket.status is Status.CLOSED:
        yield "nothing more: closed is final"


def _lines(story: Story) -> Iterator[str]:
    seen = story.seen
    ticket, sla = seen.ticket, seen.sla
    held = f"agent {ticket.assigned_to}" if ticket.assigned_to is not None else "unassigned"
    yield f"{ticket.number}  {ticket.status}, priority {ticket.priority}, {held}"
    yield f"as of {second_text(sla.at)}"
    yield from ("", "Promise", f"  {_promise(story)}")
    yield f"  {_targets(seen)}"
    yield from (f"  {line}" for line in _raises(story))
    yield from ("", f"Time, {source_words(seen)}", *_segments(seen))
    yield from ("", "Clocks")
    yield f"  {_side(seen, sla.response)}; {_answer(story)}"
    yield f"  {_side(seen, sla.resolution)}"
    if seen.written:
        yield from ("", "Breaches", *(f"  {_breach(seen, one)}" for one in seen.written))
    yield from ("", "Next", *(f"  {line}" for line in comes_next(story)))


def _promise(story: Story) -> str:
    given, by_hand = story.seen.sla.promise, story.promised_by
    since = f" at {second_text(given.since)}" if given.since is not None else ""
    match story.origin:
        case Origin.BY_HAND if by_hand is not None:
            who = f"agent {by_hand.actor}" if by_hand.actor is not None else "nobody named"
            why = f": {by_hand.reason}" if by_hand.reason else ""
            return f"{given.priority}, set by hand by {who}{since}, from {by_hand.before}{why}"
        case Origin.CREATION:
            reasons = story.seen.ticket.metadata.get("priority_reasons")
            why = "; ".join(map(str, reasons)) if isinstance(reasons, list) else ""
            return f"{given.priority}, given with its creation{since}{f': {why}' if why else ''}"
        case Origin.IMPORT:
            return f"{given.priority}, as it was imported{since}"
        case _:
            return f"{given.priority}: another program made the ticket, its priority counts"


def _targets(seen: Seen) -> str:
    """What was promised; a clock that has ended keeps the promise of its day (rules 4.2)."""
    given = seen.sla.promise
    said = f"answer within {span_words(given.target.response)}, "
    said += f"solve within {span_words(given.target.resolution)}, {_policy(given.policy)}"
    for side in seen.sla.sides:
        if side.promise != given:
            said += f"; the {side.side} had ended under {side.promise.priority}"
    return said


def _policy(policy: Policy) -> str:
    if policy.version == SPECIFIED.version:
        return f"policy {policy.version} (the specification's)"
    return f"policy {policy.version} (in force since {second_text(policy.starts_at)})"


def _raises(story: Story) -> Iterator[str]:
    for entry in story.raises:
        yield (
            f"raised {entry.before} → {entry.after} by the scan at {second_text(entry.at)}: the "
            "queue order, not the promise"
        )


def _segments(seen: Seen) -> Iterator[str]:
    total = timedelta()
    for stretch in seen.sla.timeline.segments:
        total += stretch.counted
        yield f"  {_segment(stretch, total)}"


def _segment(stretch: Segment, total: timedelta) -> str:
    took = span_words(stretch.end - stretch.start)
    counted = f"+ {took}, total {span_words(total)}"
    if stretch.status not in COUNTED:
        counted = f"{took}, not counted"
    who = f" (by {stretch.actor})" if stretch.actor is not None else ""
    cause = cell(stretch.cause or "", width=_CAUSE_WIDTH)
    times = f"{second_text(stretch.start)} to {second_text(stretch.end)}"
    return f"{times}  {stretch.status:<16}  {counted:<28}  {cause}{who}".rstrip()


def _side(seen: Seen, side: SideClock) -> str:
    said = f"{side.side}: {span_words(side.elapsed)} of {span_words(side.target)}"
    if side.running is Running.PAUSED:
        said += ", paused"
    if not side.is_breached:
        return said + (", kept" if side.is_met else f", {span_words(side.remaining)} left")
    passed = second_text(side.passed_at or seen.sla.at)
    return f"{said}, BREACHED: late by {span_words(side.elapsed - side.target)}, since {passed}"


def _answer(story: Story) -> str:
    """What stopped the response clock."""
    response, reply = story.seen.sla.response, story.reply
    notes = f"; {story.notes} internal note(s) do not count" if story.notes else ""
    if response.ended_at is None:
        return f"not answered yet{notes}"
    said = response.cause or "ended"
    if reply is not None:
        said = f"public message {reply.message_id} of agent {reply.sender_id}"
    return f"{said} at {second_text(response.ended_at)}{notes}"


def _breach(seen: Seen, one: Recorded) -> str:
    breach = one.breach
    late = breach.found_at - breach.at
    found = f"found {span_words(late)} later at {second_text(breach.found_at)}"
    if late > _LATE_FINDING:
        found += " (late: was sla-escalation running?)"
    did = f"raised the priority to {breach.raised_to}" if breach.raised_to else "raised nothing"
    said = (
        f"{breach.side}: target passed {second_text(breach.at)}, {found}, after "
        f"{breach.actual_minutes} of {breach.expected_minutes} min ({breach.priority}); told as "
        f"TicketSLABreach, {did}"
    )
    return "; ".join(filter(None, (said, _PLACES[one.place])))


def _of_recording(seen: Seen, side: SideClock) -> str | None:
    """What becomes of a breach that is not as it is written down."""
    match seen.recording(side):
        case Recording.NEXT_SCAN:
            to = raised(seen.ticket.priority)
            is_raised = side.side is Side.RESPONSE and to is not seen.ticket.priority
            does = f" and raises the priority to {to}" if is_raised else ""
            return f"breached, not recorded yet: the next scan records it{does}"
        case Recording.WEEKLY_AUDIT:
            return "breached, but no scan saw it: the weekly audit (sla-audit) records it"
        case Recording.NEVER:
            return "looks breached, but is not recorded: the history is no proof"
        case Recording.NOT_FOUND_TODAY:
            return (
                "recorded as breached, but today's clock does not find it: the promise or the "
                "history was changed since; what is recorded stands"
            )
        case _:
            return None


def _of_clock(seen: Seen, side: SideClock) -> str | None:
    """What the running of the clock will lead to."""
    if side.is_breached:
        return None
    if side.due_at is not None:
        return f"breaches after {_when(side.due_at, seen.sla.at)} if nothing changes"
    left = span_words(side.remaining)
    if side.running is Running.PAUSED:
        return f"paused: {left} left; the customer's answer starts it again"
    if seen.ticket.status is Status.RESOLVED and side.side is Side.RESOLUTION:
        return f"kept; a reopening starts it again with {left} left"
    return None


def _of_scan(story: Story) -> str:
    if story.alarm is None:
        return "the scan has not seen it yet: it does within a minute, at the latest in an hour"
    looks_at, now = story.alarm.looks_at, story.seen.sla.at
    if looks_at is None:
        return "the scan looks at it again when another program changes it"
    if looks_at <= now:
        return "the next scan looks at it"
    return f"the scan looks at it again at {_when(looks_at, now)}"


def _when(moment: datetime, now: datetime) -> str:
    return f"{second_text(moment)} (in {span_words(moment - now)})"


def _short(side: SideClock) -> str:
    state = "breached" if side.is_breached else "kept" if side.is_met else str(side.running)
    return f"{span_words(side.elapsed)} of {span_words(side.target)}, {state}"
