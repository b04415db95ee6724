"""Lists of tickets: whatever is asked for, the rows and the order of a plain filter and sort."""

from __future__ import annotations

import random
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import insert, select

from savctl.domain.model.priority import Priority
from savctl.domain.model.states import Status
from savctl.domain.model.ticket import Ticket
from savctl.domain.model.ticket_filter import TicketFilter
from savctl.persistence.engine import Database
from savctl.persistence.schema.tables import support_tickets
from savctl.persistence.tickets import ticket_lists
from savctl.persistence.tickets.ticket_lists import SORTABLE, list_tickets
from savctl.persistence.tickets.tickets import to_ticket
from tests.depth import deep
from tests.given import NOW

_LEVELS: dict[str, list[Any]] = {"priority": list(Priority), "status": list(Status)}


@pytest.fixture
def tickets(database: Database) -> list[Ticket]:
    """Ninety tickets, many of them alike in all that can be asked for."""
    chance = random.Random(7)
    rows = [
        {
            "ticket_number": f"TKT-{chance.getrandbits(40):010X}",
            "user_id": chance.choice((456, 457)),
            "subject": "Parcel",
            "description": "Where?",
            "priority": chance.choice(tuple(Priority)),
            "status": chance.choice(tuple(Status)),
            "category": chance.choice(("shipping", "Refund", None)),
            "assigned_to": chance.choice((10, 11, None)),
            "order_id": chance.choice((789, None)),
            "created_at": NOW + timedelta(minutes=chance.randrange(20)),
            "updated_at": NOW + timedelta(minutes=chance.randrange(20)),
        }
        for _ in range(90)
    ]
    database.transaction(lambda c: c.execute(insert(support_tickets), rows))
    with database.reading() as connection:
        return [to_ticket(row) for row in connection.execute(select(support_tickets))]


@pytest.mark.parametrize("sort", [sign + field for field in SORTABLE for sign in ("", "-")])
def test_a_list_is_what_a_plain_filter_and_sort_give(
    database: Database, tickets: list[Ticket], sort: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ticket_lists, "_PAGE", 4)
    chance = random.Random(sort)
    for _ in range(deep(40, usual=12)):
        wanted, limit = _any_filter(chance), chance.choice((0, 1, 4, 10))
        after = chance.choice((None, *tickets))

        found = list(list_tickets(database, wanted, sort=sort, after=after, limit=limit))

        assert found == _plainly(tickets, wanted, sort, after)[: limit or None], (wanted, after)


def test_a_deep_list_goes_on_where_it_stopped(database: Database, tickets: list[Ticket]) -> None:
    wanted = TicketFilter(statuses=(Status.OPEN, Status.CLOSED))
    pages: list[Ticket] = []

    while page := list(
        list_tickets(
            database, wanted, sort="-priority", after=pages[-1] if pages else None, limit=7
        )
    ):
        pages += page

    assert pages == _plainly(tickets, wanted, "-priority", None)


def test_a_ticket_that_changes_while_the_list_is_read_is_left_out(
    database: Database, tickets: list[Ticket], monkeypatch: pytest.MonkeyPatch
) -> None:
    places = [ticket_lists._Place(ticket.id, ticket.id) for ticket in tickets]
    monkeypatch.setattr(ticket_lists, "_places", lambda *_: places)
    wanted = TicketFilter(statuses=(Status.OPEN,))

    found = list(list_tickets(database, wanted, sort="id", limit=len(tickets) + 1))

    assert found == _plainly(tickets, wanted, "id", None)


def _any_filter(chance: random.Random) -> TicketFilter:
    return TicketFilter(
        statuses=tuple(chance.sample(tuple(Status), chance.choice((0, 1, 2, 5)))),
        priorities=tuple(chance.sample(tuple(Priority), chance.choice((0, 0, 1, 2)))),
        user_id=chance.choice((None, None, 456)),
        agent_id=chance.choice((None, None, 10)),
        order_id=chance.choice((None, None, 789)),
        category=chance.choice((None, None, "Refund")),
        since=chance.choice((None, None, NOW + timedelta(minutes=5))),
        until=chance.choice((None, None, NOW + timedelta(minutes=15))),
    )


def _plainly(
    tickets: list[Ticket], wanted: TicketFilter, sort: str, after: Ticket | None
) -> list[Ticket]:
    """The same answer without a database: every ticket looked at, then sorted."""
    field = sort.removeprefix("-")

    def key(ticket: Ticket) -> tuple[Any, int]:
        value = getattr(ticket, field)
        return (_LEVELS[field].index(value) if field in _LEVELS else value, ticket.id)

    found = sorted((t for t in tickets if _fits(t, wanted)), key=key, reverse=sort[0] == "-")
    if after is None:
        return found
    return [t for t in found if (key(t) < key(after) if sort[0] == "-" else key(t) > key(after))]


def _fits(ticket: Ticket, wanted: TicketFilter) -> bool:
    assert ticket.created_at is not None
    return all(
        (
            not wanted.statuses or ticket.status in wanted.statuses,
            not wanted.priorities or ticket.priority in wanted.priorities,
            wanted.user_id in {None, ticket.user_id},
            wanted.agent_id in {None, ticket.assigned_to},
            wanted.order_id in {None, ticket.order_id},
            wanted.category in {None, ticket.category},
            wanted.since is None or ticket.created_at >= wanted.since,
            wanted.until is None or ticket.created_at < wanted.until,
        )
    )
