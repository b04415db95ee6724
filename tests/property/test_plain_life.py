"""What is counted without a ticket is what the ticket shows, whatever another program wrote."""

from __future__ import annotations

import json
from datetime import datetime, timedelta
from typing import Any

from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from savctl.domain.model.metadata import Metadata
from savctl.domain.model.priority import LEVELS
from savctl.domain.model.ticket import Ticket
from savctl.domain.sla.clock import SlaClock, clock, solution
from savctl.domain.sla.plain_life import CountedRow, PlainLife, plain_life
from savctl.domain.sla.policy import Policies, Policy
from savctl.domain.sla.targets import entered
from savctl.domain.tickets.point_in_time import as_of
from tests.given import NOW
from tests.property.test_sla_clock import Life, lives

POLICIES = Policies(Policy(version=2, starts_at=NOW + timedelta(days=1)), (Policy(),))
junk: st.SearchStrategy[Any] = st.sampled_from(
    [
        *(None, True, 1, 1.5, "", [], {}, "open", "closed", "created", "status", "priority"),
        *("9999-12-31T23:59:59+14:00", "2025-W40-5T10:30:00.123456Z", "2025-10-04", "99"),
        f"{NOW + timedelta(days=2):%Y-%m-%dT%H:%M:%S}.999999Z",
    ]
)
moments = st.integers(-10, 2_000).map(
    lambda n: NOW + timedelta(minutes=10 * n, microseconds=n % 2)
)


def row_of(ticket: Ticket) -> CountedRow:
    """What a report reads of it."""
    return CountedRow(
        id=ticket.id,
        user_id=ticket.user_id,
        priority=str(ticket.priority),
        status=str(ticket.status),
        category=ticket.category,
        assigned_to=ticket.assigned_to,
        metadata=ticket.metadata.stored_text,
        created_at=ticket.created_at,
    )


@st.composite
def spoilt(draw: st.DrawFn) -> Ticket:
    """The ticket of a legal life, some of whose values another program replaced or took away."""
    ticket = draw(lives()).ticket
    members: dict[str, Any] = json.loads(ticket.metadata.text() or "{}")
    for _ in range(draw(st.integers(0, 2))):
        entries = members.get("history")
        places: list[Any] = [
            members,
            members.get("sla"),
            *(entries if isinstance(entries, list) else []),
        ]
        place = draw(st.sampled_from([one for one in places if isinstance(one, dict) and one]))
        key = draw(st.sampled_from(sorted(place)))
        if draw(st.booleans()):
            place[key] = draw(junk)
        else:
            del place[key]
    born = draw(st.sampled_from([ticket.created_at, ticket.created_at, None, NOW + timedelta(1)]))
    return Ticket(
        **{name: getattr(ticket, name) for name in ("id", "ticket_number", "user_id", "subject")},
        description="",
        priority=draw(st.sampled_from([ticket.priority, *LEVELS])),
        status=ticket.status,
        category="delivery",
        assigned_to=ticket.assigned_to,
        metadata=Metadata.read(json.dumps(members)),
        created_at=born,
        updated_at=None,
    )


def shown(seen: SlaClock) -> list[object]:
    """What reports take from the clocks."""
    sides = [(*side[:8], side.is_met) for side in seen.sides]
    return [sides, seen.at, seen.promise, seen.is_counted, seen.is_trusted]


def assert_is_that_of(life: PlainLife, ticket: Ticket, now: datetime, answered_at: Any) -> None:
    about: dict[str, Any] = {"now": now, "answered_at": answered_at, "policies": POLICIES}
    assert shown(life.clock(**about)) == shown(clock(ticket, **about))
    assert life.solution(now=now) == solution(ticket, now=now)
    assert [step[:2] for step in life.begun] == [step[:2] for step in entered(ticket)]
    names = ("id", "priority", "status", "category", "assigned_to", "created_at")
    assert [getattr(life, n) for n in names] == [getattr(ticket, n) for n in names]


# most of what is spoilt is no plain life any more
@settings(suppress_health_check=[HealthCheck.filter_too_much])
@given(spoilt(), moments, st.one_of(st.none(), moments), st.booleans())
def test_a_plain_life_shows_what_the_ticket_shows(
    ticket: Ticket, now: datetime, answered_at: datetime | None, is_past: bool
) -> None:
    life = plain_life(row_of(ticket), until=now if is_past else None)
    assume(life is not None)

    assert life is not None
    assert_is_that_of(life, as_of(ticket, now, POLICIES) if is_past else ticket, now, answered_at)


@given(lives())
def test_whoever_kept_its_priority_has_a_plain_life(life: Life) -> None:
    is_plain = len(life.promises) == 1

    assert (plain_life(row_of(life.ticket)) is not None) is is_plain
    assert (plain_life(row_of(life.ticket), until=life.now) is not None) is is_plain
