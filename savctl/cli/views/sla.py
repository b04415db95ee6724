"""The SLA of a ticket in words for people."""

from __future__ import annotations

from collections.abc import Iterator

from savctl.cli.framework.page import Paint, named, page, title, when
from savctl.cli.framework.text import span_words
from savctl.cli.views.people import People
from savctl.domain.clock import second_text
from savctl.domain.model.priority import raised
from savctl.domain.model.states import Status
from savctl.domain.sla.breach import Breach
from savctl.domain.sla.clock import Running, Side, SideClock
from savctl.domain.sla.targets import COUNTED, ClockSource
from savctl.usecases.sla.views import Recording, SlaExplanation, SlaState

_SOURCES = {
    ClockSource.HISTORY: "from its own history",
    ClockSource.DERIVED: "derived from the ticket's columns, because another program made it or "
    "moved it before savctl did; it escalates like any other",
    ClockSource.PARTIAL: "partial: the history contradicts the ticket, so the clock is a guess "
    "and never escalates by itself; savctl db check names what is wrong, db check --fix puts back "
    "what was lost",
}


def line_row(seen: SlaState) -> dict[str, object]:
    """A ticket in a line of a table."""
    sla = seen.sla
    due = [side.due_at for side in sla.sides if side.due_at is not None]
    return {
        "ticket_number": seen.ticket.ticket_number,
        "status": str(seen.ticket.status),
        "priority": str(seen.ticket.priority),
        "promised": f"{sla.promise.priority}, policy {sla.promise.policy.version}",
        "response": _short(sla.response),
        "resolution": _short(sla.resolution),
        "due_at": min(due, default=None) if sla.is_counted else None,
        "source": str(sla.timeline.source),
    }


def sla_page(seen: SlaState, known: People, *, paint: Paint | None = None) -> str:
    """Where the SLA of one ticket stands."""
    ticket, sla = seen.ticket, seen.sla
    target = sla.promise.target
    promised = (
        f"answer within {span_words(target.response)}, solve within "
        f"{span_words(target.resolution)} ({sla.promise.priority}, policy "
        f"{sla.promise.policy.version})"
    )
    agent = ticket.assigned_to
    values = [
        ("status", ticket.status),
        ("priority", ticket.priority),
        ("agent", known.named(agent, role="agent") if agent is not None else "nobody"),
        ("as of", sla.at),
        ("promise", promised),
        *clock_values(seen),
        ("recorded", "\n".join(_recorded(breach) for breach in seen.breaches) or "no breach"),
        ("computed", source_words(seen)),
        ("counted", None if sla.is_counted else "no: it was merged into another ticket"),
    ]
    return page(title(ticket.ticket_number, ticket.subject), named(values, paint=paint))


def _recorded(breach: Breach) -> str:
    late = span_words(breach.found_at - breach.at)
    return f"{breach.side} breached at {second_text(breach.at)}, found {late} later"


def clock_values(seen: SlaState) -> Iterator[tuple[str, str]]:
    """Both clocks, a line each: how far, how it stands, and when the target passes."""
    for side in seen.sla.sides:
        text = _short(side)
        if side.is_breached:
            text += f", late by {span_words(side.elapsed - side.target)}"
        elif side.due_at is not None and seen.sla.is_counted:
            text += f", due {when(side.due_at, seen.sla.at)}"
        yield str(side.side), text


def source_words(seen: SlaState) -> str:
    """What the clock is computed from, and what that means."""
    line = seen.sla.timeline
    text = _SOURCES[line.source]
    return f"{text} ({line.problem})" if line.problem else text


def comes_next(story: SlaExplanation) -> Iterator[str]:
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


def _of_recording(seen: SlaState, side: SideClock) -> str | None:
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


def _of_clock(seen: SlaState, side: SideClock) -> str | None:
    """What the running of the clock will lead to."""
    if side.is_breached:
        return None
    if side.due_at is not None:
        return f"breaches after {when(side.due_at, seen.sla.at)} if nothing changes"
    left = span_words(side.remaining)
    if side.running is Running.PAUSED:
        return f"paused: {left} left; the customer's answer starts it again"
    if seen.ticket.status is Status.RESOLVED and side.side is Side.RESOLUTION:
        return f"kept; a reopening starts it again with {left} left"
    return None


def _of_scan(story: SlaExplanation) -> str:
    if story.alarm is None:
        return "the scan has not seen it yet: it does within a minute, at the latest in an hour"
    looks_at, now = story.alarm.looks_at, story.seen.sla.at
    if looks_at is None:
        return "the scan looks at it again when another program changes it"
    if looks_at <= now:
        return "the next scan looks at it"
    return f"the scan looks at it again at {when(looks_at, now)}"


def _short(side: SideClock) -> str:
    state = "breached" if side.is_breached else "kept" if side.is_met else str(side.running)
    return f"{span_words(side.elapsed)} of {span_words(side.target)}, {state}"
