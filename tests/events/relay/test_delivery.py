"""What arrives at other services, and how (rules 8)."""

from __future__ import annotations

import json
from collections.abc import Callable

from sqlalchemy import select

from savctl.adapters.rabbitmq.broker import EXCHANGE
from savctl.domain.model.states import Status
from savctl.persistence.engine import Database
from savctl.persistence.schema.tables import outbox
from savctl.ports import SetClock
from savctl.usecases.operation import Operation
from savctl.usecases.tickets.assignment import assign_ticket
from savctl.usecases.tickets.conversation import add_message
from savctl.usecases.tickets.transitions import move_ticket
from tests.events.backlog import put
from tests.events.conftest import Relay, reported
from tests.given import rows
from tests.servers.brokers.consumer import Consumer
from tests.servers.brokers.rabbitmq import VirtualHost

NewTicketId = Callable[[], int]


def test_a_tickets_life_arrives_in_order_with_its_properties(
    database: Database, clock: SetClock, relay: Relay, listener: Consumer, new_ticket: NewTicketId
) -> None:
    ticket = new_ticket()
    assign_ticket(Operation(database, clock, actor=5), ticket, to=10)
    add_message(Operation(database, clock), ticket, sender=("agent", 10), body="Hello")
    move_ticket(Operation(database, clock, actor=10), ticket, Status.RESOLVED)

    report = relay()

    messages = listener.drain(6)
    assert [message.properties.type for message in messages] == [
        "TicketCreated",
        "TicketAssigned",
        "TicketStatusChanged",
        "MessageAdded",
        "TicketStatusChanged",
        "TicketResolved",
    ]
    assert report.published == 6
    with database.reading() as connection:
        rows = connection.execute(select(outbox).order_by(outbox.c.id)).all()
    for message, row in zip(messages, rows, strict=True):
        assert message.body.decode() == row.envelope
        assert message.routing_key == row.routing_key
        assert message.properties.message_id == row.event_id
        assert message.properties.delivery_mode == 2
        assert message.properties.content_type == "application/json"
        assert message.properties.app_id == "savctl"
        assert message.properties.timestamp == int(clock().timestamp())
        assert row.published_at == clock()


def test_what_was_published_is_not_sent_again(
    relay: Relay, listener: Consumer, new_ticket: NewTicketId
) -> None:
    new_ticket()
    relay()

    assert relay().published == 0

    assert len(listener.drain(1)) == 1


def test_an_event_nobody_listens_to_waits_and_goes_later(
    relay: Relay, clock: SetClock, listener: Consumer, new_ticket: NewTicketId
) -> None:
    listener.unbind()
    ticket = new_ticket()
    refused = relay()
    listener.bind()

    early = relay()
    clock.at = clock.at.replace(hour=11)
    later = relay()

    assert (refused.refused, early.published, later.published) == (1, 0, 1)
    [message] = listener.drain(1)
    assert json.loads(message.body)["data"]["ticket_id"] == ticket


def test_an_event_refused_too_often_is_dead_and_holds_back_its_own_ticket_only(
    database: Database, clock: SetClock, relay: Relay, listener: Consumer, new_ticket: NewTicketId
) -> None:
    listener.unbind()
    stuck = new_ticket()
    report = relay(attempts=1)
    listener.bind()
    assign_ticket(Operation(database, clock, actor=5), stuck, to=10)
    other = new_ticket()

    relay(attempts=1)

    assert report.dead == 1
    [message] = listener.drain(1)
    assert json.loads(message.body)["data"]["ticket_id"] == other


def test_a_kind_of_event_that_nobody_is_bound_for_holds_up_no_other_kind(
    database: Database, broker: VirtualHost, relay: Relay, new_ticket: NewTicketId
) -> None:
    put(database, range(1_000, 1_400))  # sav.ticket.status_changed
    listener = Consumer(broker.url, exchange=EXCHANGE, routing_key="sav.ticket.created")
    tickets = [new_ticket(), new_ticket()]

    report = relay()

    assert (report.published, report.unwanted) == (2, {"sav.ticket.status_changed"})
    assert [reported(message) for message in listener.drain(2)] == tickets
    refused = rows(database, "SELECT DISTINCT last_error FROM savctl_outbox WHERE attempts > 0")
    assert [row["last_error"] for row in refused] == [
        "no queue is bound for sav.ticket.status_changed (312 NO_ROUTE)"
    ]
