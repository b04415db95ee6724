"""Order per ticket under a window, whatever the broker does."""

from __future__ import annotations

from datetime import UTC, datetime

from hypothesis import given
from hypothesis import strategies as st

from savctl.domain.events.publish_window import BrokerVerdict, OutboxEvent, Window


def event(number: int, ticket_id: int) -> OutboxEvent:
    return OutboxEvent(
        id=number,
        event_id=f"uuid-{number}",
        event="TicketStatusChanged",
        routing_key="sav.ticket.status_changed",
        ticket_id=ticket_id,
        envelope="{}",
        occurred_at=datetime(2025, 10, 3, tzinfo=UTC),
    )


def test_only_one_event_of_a_ticket_is_under_way() -> None:
    window = Window(10)

    window.offer([event(1, 7), event(2, 7), event(3, 8)])

    taken = [window.take(), window.take(), window.take()]
    assert [one.id if one else None for one in taken] == [1, 3, None]


def test_a_refused_event_holds_back_its_own_ticket_only() -> None:
    window = Window(10)
    window.offer([event(1, 7), event(2, 7), event(3, 8), event(4, 8)])
    window.take()
    window.take()

    held = window.settle(1, BrokerVerdict.UNROUTABLE)
    window.settle(3, BrokerVerdict.CONFIRMED)

    assert held == [2]
    assert window.offer([event(5, 7)]) == [5]
    following = window.take()
    assert following is not None
    assert following.id == 4


def test_tickets_held_from_the_start_are_not_sent() -> None:
    window = Window(10, held=[7])

    assert window.offer([event(1, 7), event(2, 8)]) == [1]

    assert window.is_idle is False


@given(
    tickets=st.lists(st.integers(1, 4), max_size=40),
    size=st.integers(1, 5),
    verdicts=st.lists(st.sampled_from(BrokerVerdict), min_size=40, max_size=40),
    picks=st.lists(st.integers(0, 100), min_size=40, max_size=40),
)
def test_what_is_confirmed_is_an_unbroken_beginning_of_each_ticket(
    tickets: list[int], size: int, verdicts: list[BrokerVerdict], picks: list[int]
) -> None:
    events = [event(number, ticket_id) for number, ticket_id in enumerate(tickets, start=1)]
    window = Window(size)
    confirmed: list[OutboxEvent] = []
    under_way: list[OutboxEvent] = []
    held = set(window.offer(events))

    while not window.is_idle:
        while (taken := window.take()) is not None:
            under_way.append(taken)
        assert window.under_way == len(under_way) <= size
        settled = under_way.pop(picks.pop() % len(under_way))
        verdict = verdicts.pop()
        held.update(window.settle(settled.id, verdict))
        if verdict is BrokerVerdict.CONFIRMED:
            confirmed.append(settled)
        else:
            held.add(settled.id)

    assert {one.id for one in confirmed} | held == {one.id for one in events}
    for ticket_id in set(tickets):
        sent = [one.id for one in confirmed if one.ticket_id == ticket_id]
        all_of_it = [one.id for one in events if one.ticket_id == ticket_id]
        assert sent == all_of_it[: len(sent)]
