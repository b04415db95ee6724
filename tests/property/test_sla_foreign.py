"""Whatever another program writes into a ticket, its clocks answer (rules 1.4, 4.5)."""

from __future__ import annotations

import json
from datetime import datetime, timedelta
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from savctl.cli.sla._rows import explanation
from savctl.cli.views.sla_explained import explanation_text
from savctl.domain.model.metadata import Metadata
from savctl.domain.model.priority import LEVELS
from savctl.domain.model.states import Status
from savctl.domain.model.ticket import Ticket
from savctl.domain.sla.audit import findings
from savctl.domain.sla.breach import breaches_of
from savctl.domain.sla.clock import Side, clock, next_look
from savctl.domain.sla.policy import Policies
from savctl.domain.tickets.escalation import record_breaches
from savctl.domain.tickets.point_in_time import as_of
from savctl.usecases.sla.views import (
    BreachPlace,
    PromiseOrigin,
    Recorded,
    SlaExplanation,
    SlaState,
)
from tests.given import NOW, a_ticket

POLICIES = Policies()
EMPTY_HANDED: dict[str, Any] = {"promised_by": None, "raises": (), "reply": None, "notes": 0}

words = st.sampled_from(
    [
        *("", "open", "in_progress", "waiting_customer", "resolved", "closed", "high", "urgent"),
        *("created", "imported", "status", "priority", "assigned", "response", "resolution"),
        *("2025-10-03T10:30:00Z", "2025-10-04", "0001-01-01", "9999-12-31T23:59:59+14:00"),
    ]
)
hours = st.integers(-100, 500).map(lambda n: NOW + timedelta(hours=n))
moments = hours.map(lambda at: at.isoformat())
junk = st.one_of(
    *(st.none(), st.booleans(), st.integers(-(10**30), 10**30), st.floats(allow_nan=False)),
    *(words, moments, st.lists(words, max_size=2), st.dictionaries(words, words, max_size=2)),
)


def record(**usual: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    """What savctl would write, with any of it replaced or missing, or something else."""
    fields = {name: st.one_of(value, value, junk) for name, value in usual.items()}
    return st.one_of(*[st.fixed_dictionaries({}, optional=fields)] * 4, junk)


entries = record(at=moments, actor=st.integers(1, 3), action=words, to=words, reason=words)
breaches = record(type=st.sampled_from(list(Side)), at=moments, found_at=moments, priority=words)
metadata = record(
    history=st.lists(entries, max_size=4),
    sla=record(
        promise=record(priority=words, policy=st.integers(1, 3), since=moments),
        breaches=st.lists(breaches, max_size=3),
    ),
    merged_into=junk,
    moved_messages=junk,
    priority_reasons=junk,
)
stamps = st.one_of(st.none(), hours)
tickets = st.builds(
    a_ticket,
    st.sampled_from(Status),
    metadata=metadata.map(lambda found: Metadata.read(json.dumps(found))),
    priority=st.sampled_from(LEVELS),
    created_at=stamps,
    updated_at=stamps,
    resolved_at=stamps,
    closed_at=stamps,
)


@given(tickets, hours, stamps)
def test_the_clocks_answer_and_a_breach_is_recorded_once(
    ticket: Ticket, now: datetime, answered_at: datetime | None
) -> None:
    seen = clock(ticket, now=now, answered_at=answered_at, policies=POLICIES)
    next_look(seen, recorded=frozenset(), longest_pause=timedelta(minutes=15))
    list(findings(ticket, seen, breaches_of(ticket.metadata), since=NOW))
    first = record_breaches(ticket, seen, known=frozenset())

    known = frozenset(breach.side for breach in breaches_of(first.ticket.metadata))
    once = clock(first.ticket, now=now, answered_at=answered_at, policies=POLICIES)
    again = record_breaches(first.ticket, once, known=known)

    assert not again.is_change
    assert {breach.side for breach in first.breaches} <= known


@given(tickets, hours, st.sampled_from(PromiseOrigin))
def test_they_are_explained_now_and_as_of_a_past_day(
    ticket: Ticket, now: datetime, origin: PromiseOrigin
) -> None:
    for then in (ticket, as_of(ticket, now, POLICIES)):
        written = tuple(Recorded(b, BreachPlace.METADATA) for b in breaches_of(then.metadata))
        seen = SlaState(then, clock(then, now=now, policies=POLICIES), written[:1])
        story = SlaExplanation(seen=seen, origin=origin, alarm=None, **EMPTY_HANDED)

        assert explanation_text(story).startswith(ticket.ticket_number)
        assert explanation(story, POLICIES)["ticket_number"] == ticket.ticket_number
