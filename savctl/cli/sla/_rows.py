"""SLA clocks as rows of an answer."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

from savctl.cli.framework.text import span_words
from savctl.cli.views.sla import comes_next, source_words
from savctl.domain.sla.clock import Running, SideClock
from savctl.domain.sla.policy import MINUTE, Policies
from savctl.domain.sla.targets import COUNTED
from savctl.usecases.sla.due import DueTarget, is_warned
from savctl.usecases.sla.views import Recorded, SlaExplanation, SlaState


def side_row(seen: SlaState, side: SideClock, policies: Policies) -> dict[str, object]:
    """One of the two clocks; `priority` and `policy` are of the promise that judges it."""
    is_over = side.running is Running.ENDED
    return {
        "target_minutes": side.expected_minutes,
        "elapsed_minutes": side.actual_minutes,
        "elapsed_seconds": _seconds(side.elapsed),
        "state": str(side.running),
        "due_at": side.due_at,
        "remaining_seconds": None if is_over else _seconds(side.remaining),
        "ended_at": side.ended_at,
        "ended_by": side.cause,
        "passed_at": side.passed_at,
        "breached": side.is_breached,
        "met": side.is_met,
        "warning": is_warned(side, policies),
        "recording": str(seen.recording(side)),
        "priority": str(side.promise.priority),
        "policy": side.promise.policy.version,
    }


def sla_row(seen: SlaState, policies: Policies) -> dict[str, object]:
    """Where the SLA of a ticket stands."""
    ticket, sla = seen.ticket, seen.sla
    return {
        "id": ticket.id,
        "ticket_number": ticket.ticket_number,
        "status": str(ticket.status),
        "priority": str(ticket.priority),
        "assigned_to": ticket.assigned_to,
        "at": sla.at,
        "promise": {
            "priority": str(sla.promise.priority),
            "policy": sla.promise.policy.version,
            "since": sla.promise.since,
        },
        "response": side_row(seen, sla.response, policies),
        "resolution": side_row(seen, sla.resolution, policies),
        "source": str(sla.timeline.source),
        "problem": sla.timeline.problem,
        "is_counted": sla.is_counted,
        "breaches": [breach.as_json() for breach in seen.breaches],
    }


def explanation(story: SlaExplanation, policies: Policies) -> dict[str, object]:
    """`sla_row` with everything that it follows from."""
    seen = story.seen
    row = sla_row(seen, policies)
    row["promise"] = _promise(story)
    row["breaches"] = [_breach(seen, one) for one in seen.written]
    return {
        **row,
        "source_means": source_words(seen),
        "merged_into": seen.ticket.metadata.get("merged_into") or None,
        "segments": list(_segments(seen)),
        "answer": _answer(story),
        "raises": [entry.as_json() for entry in story.raises],
        "scan_looks_at": story.alarm.looks_at if story.alarm is not None else None,
        "next": list(comes_next(story)),
    }


def due_row(due: DueTarget, *, days: str = "d") -> dict[str, object]:
    """A target that passes soon; the clock of an overdue one has run `overdue` too far.

    `days` is the word for them: people read more than JSON has.
    """
    over = due.side.elapsed - due.side.target
    left = -over if due.is_overdue else due.side.remaining
    return {
        "ticket_number": due.ticket_number,
        "id": due.ticket_id,
        "side": str(due.side.side),
        "due_at": due.at,
        "remaining_seconds": _seconds(left),
        "in": (
            f"late by {span_words(over, days=days)}"
            if due.is_overdue
            else span_words(left, days=days)
        ),
        "target_minutes": due.side.expected_minutes,
        "priority": str(due.priority),
        "status": str(due.status),
        "assigned_to": due.assigned_to,
        "overdue": due.is_overdue,
        "warning": due.is_warned,
    }


def _promise(story: SlaExplanation) -> dict[str, object]:
    given, by_hand = story.seen.sla.promise, story.promised_by
    return {
        "priority": str(given.priority),
        "policy": given.policy.version,
        "since": given.since,
        "policy_starts_at": given.policy.starts_at,
        "response_minutes": given.target.response // MINUTE,
        "resolution_minutes": given.target.resolution // MINUTE,
        "origin": str(story.origin),
        "priority_reasons": story.seen.ticket.metadata.get("priority_reasons"),
        "set_by": by_hand.actor if by_hand is not None else None,
        "set_from": by_hand.before if by_hand is not None else None,
        "reason": by_hand.reason if by_hand is not None else None,
    }


def _segments(seen: SlaState) -> Iterator[dict[str, object]]:
    """Where the time went, with the running total of the resolution clock."""
    total = timedelta()
    for stretch in seen.sla.timeline.segments:
        total += stretch.counted
        yield {
            "from": stretch.start,
            "to": stretch.end,
            "status": str(stretch.status),
            "counted": stretch.status in COUNTED,
            "minutes": (stretch.end - stretch.start) // MINUTE,
            "seconds": _seconds(stretch.end - stretch.start),
            "total_minutes": total // MINUTE,
            "total_seconds": _seconds(total),
            "cause": stretch.cause,
            "actor": stretch.actor,
        }


def _answer(story: SlaExplanation) -> dict[str, object]:
    """What stopped the response clock; internal notes did not."""
    response, reply = story.seen.sla.response, story.reply
    return {
        "at": response.ended_at,
        "by": response.cause,
        "message_id": reply.message_id if reply is not None else None,
        "sender_id": reply.sender_id if reply is not None else None,
        "internal_notes": story.notes,
    }


def _breach(seen: SlaState, one: Recorded) -> dict[str, object]:
    found = {str(side.side): side.is_breached for side in seen.sla.sides}
    return {
        **one.breach.as_json(),
        "found_after_seconds": _seconds(one.breach.found_at - one.breach.at),
        "written_in": str(one.place),
        "found_today": found[str(one.breach.side)],
    }


def _seconds(span: timedelta) -> int:
    return span // timedelta(seconds=1)
