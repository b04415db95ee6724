"""SLA clocks as rows of an answer."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta

from savctl.cli._sla_text import SOURCES, comes_next, promised_by, span_words
from savctl.domain.clock import second_text
from savctl.domain.sla import COUNTED
from savctl.domain.sla_clock import SideClock
from savctl.usecases.sla_views import Due, Seen, is_warned


def side_row(seen: Seen, side: SideClock) -> dict[str, object]:
    """One of the two clocks with documented keys."""
    return {
        "target_minutes": side.expected_minutes,
        "elapsed_minutes": side.actual_minutes,
        "elapsed_seconds": int(side.elapsed.total_seconds()),
        "state": str(side.running),
        "due_at": side.due_at,
        "remaining_seconds": int(side.remaining.total_seconds()),
        "ended_at": side.ended_at,
        "ended_by": side.cause,
        "passed_at": side.passed_at,
        "breached": side.is_breached,
        "met": side.is_met,
        "warning": is_warned(side, seen.sla),
    }


def sla_row(seen: Seen) -> dict[str, object]:
    """Where the SLA of a ticket stands."""
    ticket, sla = seen.ticket, seen.sla
    return {
        "id": ticket.id,
        "ticket_number": ticket.number,
        "status": str(ticket.status),
        "priority": str(ticket.priority),
        "at": sla.at,
        "promise": {
            "priority": str(sla.promise.priority),
            "policy": sla.promise.policy.version,
            "since": _text(sla.promise.since),
        },
        "response": _texts(side_row(seen, sla.response)),
        "resolution": _texts(side_row(seen, sla.resolution)),
        "source": str(sla.timeline.source),
        "problem": sla.timeline.problem,
        "counted": sla.is_counted,
        "breaches": [breach.as_json() for breach in seen.breaches],
    }


def segment_rows(seen: Seen) -> Iterator[dict[str, object]]:
    """Where the time went, with the running total of the resolution clock."""
    total = timedelta()
    for stretch in seen.sla.timeline.segments:
        total += stretch.counted
        yield {
            "from": _text(stretch.start),
            "to": _text(stretch.end),
            "status": str(stretch.status),
            "counted": stretch.status in COUNTED,
            "seconds": int((stretch.end - stretch.start).total_seconds()),
            "total_seconds": int(total.total_seconds()),
            "cause": stretch.cause,
            "actor": stretch.actor,
        }


def explanation(seen: Seen) -> dict[str, object]:
    """`sla_row` with everything that it follows from."""
    return {
        **sla_row(seen),
        "promised_by": promised_by(seen),
        "clock_from": SOURCES[seen.sla.timeline.source],
        "segments": list(segment_rows(seen)),
        "next": list(comes_next(seen)),
    }


def due_row(due: Due, now: datetime) -> dict[str, object]:
    """A target that passes soon."""
    ticket = due.seen.ticket
    return {
        "ticket_number": ticket.number,
        "id": ticket.id,
        "side": str(due.side.side),
        "due_at": due.at,
        "remaining_seconds": int((due.at - now).total_seconds()),
        "in": ("late by " if due.is_overdue else "") + span_words(due.at - now),
        "priority": str(ticket.priority),
        "status": str(ticket.status),
        "assigned_to": ticket.assigned_to,
        "overdue": due.is_overdue,
        "warning": is_warned(due.side, due.seen.sla),
    }


def _text(moment: datetime | None) -> str | None:
    return None if moment is None else second_text(moment)


def _texts(row: dict[str, object]) -> dict[str, object]:
    return {k: second_text(v) if isinstance(v, datetime) else v for k, v in row.items()}
