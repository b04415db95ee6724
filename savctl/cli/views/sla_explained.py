"""The explanation of a ticket's SLA for a person at 3 a.m."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

from savctl.cli.framework.page import named, page, prose, section, title
from savctl.cli.framework.text import span_words
from savctl.cli.views.people import People
from savctl.cli.views.sla import comes_next, source_words
from savctl.domain.clock import second_text
from savctl.domain.sla.audit import IN_TIME
from savctl.domain.sla.clock import Running, SideClock
from savctl.domain.sla.policy import MINUTE, SPECIFIED, Policy
from savctl.domain.sla.targets import COUNTED, Segment
from savctl.usecases.sla.views import (
    BreachPlace,
    PromiseOrigin,
    Recorded,
    SlaExplanation,
    SlaState,
)

_PLACES = {
    BreachPlace.BOTH: None,
    BreachPlace.LEDGER: (
        "another program took it out of the ticket's metadata; no second event is sent"
    ),
    BreachPlace.METADATA: (
        "it is in the ticket's metadata only: savctl's ledger does not have it"
    ),
}


def explanation_text(story: SlaExplanation, known: People | None = None) -> str:
    """The explanation as a page; `known` names who holds the ticket."""
    seen = story.seen
    ticket = seen.ticket
    held = "unassigned"
    if ticket.assigned_to is not None:
        held = (known or People({})).named(ticket.assigned_to, role="agent")
    return page(
        [
            *title(ticket.ticket_number, f"{ticket.status}, priority {ticket.priority}, {held}"),
            *prose(f"as of {second_text(seen.sla.at)}"),
        ],
        *explanation_blocks(story),
    )


def explanation_blocks(story: SlaExplanation, *, inside: int = 0) -> Iterator[list[str]]:
    """Promise, time, clocks, breaches and what is next, a section each."""
    seen, sla, inner = story.seen, story.seen.sla, inside + 1

    def lines(*texts: str) -> list[str]:
        return [line for text in texts for line in prose(text, inside=inner)]

    yield section("Promise", lines(_promise(story), _targets(seen), *_raises(story)))
    yield section(
        f"Time, {source_words(seen)}", named(_segments(seen), inside=inner), inside=inside
    )
    yield section(
        "Clocks",
        lines(f"{_side(seen, sla.response)}; {_answer(story)}", _side(seen, sla.resolution)),
    )
    yield section("Breaches", lines(*(_breach(seen, one) for one in seen.written)))
    yield section("Next", lines(*comes_next(story)))


def _promise(story: SlaExplanation) -> str:
    given, by_hand = story.seen.sla.promise, story.promised_by
    since = f" at {second_text(given.since)}" if given.since is not None else ""
    match story.origin:
        case PromiseOrigin.BY_HAND if by_hand is not None:
            who = f"user {by_hand.actor}" if by_hand.actor is not None else "nobody named"
            why = f": {by_hand.reason}" if by_hand.reason else ""
            return f"{given.priority}, set by hand by {who}{since}, from {by_hand.before}{why}"
        case PromiseOrigin.CREATION:
            reasons = story.seen.ticket.metadata.get("priority_reasons")
            why = "; ".join(map(str, reasons)) if isinstance(reasons, list) else ""
            return f"{given.priority}, given with its creation{since}{f': {why}' if why else ''}"
        case PromiseOrigin.IMPORT:
            return f"{given.priority}, as it was imported{since}"
        case _:
            return f"{given.priority}: another program made the ticket, its priority counts"


def _targets(seen: SlaState) -> str:
    """What was promised; a clock that has ended keeps the promise of its day (rules 4.2)."""
    given = seen.sla.promise
    text = f"answer within {span_words(given.target.response)}, "
    text += f"solve within {span_words(given.target.resolution)}, {_policy(given.policy)}"
    for side in seen.sla.sides:
        if side.promise != given:
            text += f"; the {side.side} had ended under {side.promise.priority}"
    return text


def _policy(policy: Policy) -> str:
    if policy.version == SPECIFIED.version:
        return f"policy {policy.version} (the defaults)"
    return f"policy {policy.version} (in force since {second_text(policy.starts_at)})"


def _raises(story: SlaExplanation) -> Iterator[str]:
    for entry in story.raises:
        yield (
            f"raised {entry.before} → {entry.after} by the scan at {second_text(entry.at)}: the "
            "queue order, not the promise"
        )


def _segments(seen: SlaState) -> Iterator[tuple[str, str]]:
    """When each stretch began, and what it was; last when the last one ended."""
    total = timedelta()
    segments = seen.sla.timeline.segments
    for stretch in segments:
        total += stretch.counted
        yield second_text(stretch.start), _segment(stretch, total)
    if segments:
        is_now = segments[-1].end >= seen.sla.at
        yield second_text(segments[-1].end), "now" if is_now else str(seen.ticket.status)


def _segment(stretch: Segment, total: timedelta) -> str:
    took = span_words(stretch.end - stretch.start)
    counted = f"+ {took}, total {span_words(total)}"
    if stretch.status not in COUNTED:
        counted = f"{took}, not counted"
    who = f" (by {stretch.actor})" if stretch.actor is not None else ""
    cause = f"; {stretch.cause}{who}" if stretch.cause else who
    return f"{stretch.status:<16}  {counted}{cause}"


def _side(seen: SlaState, side: SideClock) -> str:
    text = f"{side.side}: {span_words(side.elapsed)} of {span_words(side.target)}"
    if side.running is Running.PAUSED:
        text += ", paused"
    if not side.is_breached:
        return text + (", kept" if side.is_met else f", {span_words(side.remaining)} left")
    passed = second_text(side.passed_at or seen.sla.at)
    return f"{text}, BREACHED: late by {span_words(side.elapsed - side.target)}, since {passed}"


def _answer(story: SlaExplanation) -> str:
    """What stopped the response clock."""
    response, reply = story.seen.sla.response, story.reply
    notes = ""
    if story.notes:
        counted = "note does" if story.notes == 1 else "notes do"
        notes = f"; {story.notes} internal {counted} not count"
    if response.ended_at is None:
        return f"not answered yet{notes}"
    cause = response.cause or "ended"
    if reply is not None:
        cause = f"public message {reply.message_id} of agent {reply.sender_id}"
    return f"{cause} at {second_text(response.ended_at)}{notes}"


def _breach(seen: SlaState, one: Recorded) -> str:
    breach = one.breach
    late = breach.found_at - breach.at
    found = f"found {span_words(late)} later at {second_text(breach.found_at)}"
    if late > IN_TIME:
        found += " (late: was sla-escalation running?)"
    did = f"priority raised to {breach.raised_to}" if breach.raised_to else "priority not raised"
    if one.place is not BreachPlace.METADATA:
        did = f"event TicketSLABreach recorded, {did}"
    text = (
        f"{breach.side}: target passed {second_text(breach.at)}, {found}, after "
        f"{_minutes(breach.actual_minutes)} of {_minutes(breach.expected_minutes)} "
        f"({breach.priority}); {did}"
    )
    return "; ".join(filter(None, (text, _PLACES[one.place])))


def _minutes(count: int) -> str:
    return span_words(MINUTE * count)
