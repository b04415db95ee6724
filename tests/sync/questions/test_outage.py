"""The orders service is away while tickets come: afterwards they are as if it had been there."""

from __future__ import annotations

import json
from collections.abc import Iterable
from contextlib import ExitStack
from typing import Any

import pytest

from savctl.persistence.engine import Database
from tests.crash.processes import ended, start
from tests.depth import deep
from tests.given import rows, write
from tests.servers.brokers.rabbitmq import VirtualHost
from tests.sync.conftest import Answer
from tests.sync.questions.responder import Answers, found_order, orders_service

TICKETS, AT_ONCE = deep(200, usual=16), deep(50, usual=12)
pytestmark = pytest.mark.each_database("metadata is read and written in the database's own way")


def answers(data: dict[str, Any], mark: str) -> list[tuple[bytes, str]]:
    """The total grows with the order, and of each fourth order the payment failed."""
    order = data["order_id"]
    failed: dict[str, Any] = {"payment_status": "failed"} if order % 4 == 0 else {}
    reply: Answers = found_order(total=5.5 * order, **failed)
    return list(reply(data, mark))


def customers(database: Database, first: int) -> range:
    """A customer for each ticket: earlier tickets of a customer count for the priority."""
    found = range(first, first + TICKETS)
    for one in found:
        write(database, f"INSERT INTO users VALUES ({one}, 'a@b.c', 'Ada', 'Byron')")
    return found


def creation(user: int, order: int) -> tuple[object, ...]:
    words = ("ticket", "create", "--subject", "s", "--description", "d")
    return (*words, "--user", user, "--order", order)


def known(ticket: dict[str, Any]) -> dict[str, Any]:
    """What the order is to a ticket, without the times at which that was learnt."""
    metadata = ticket["metadata"]
    return {
        "priority": ticket["priority"],
        "check": metadata["order_check"],
        "failed": metadata.get("payment_failed"),
        "order": {**metadata["order"], "as_of": None},
    }


def shown(answered: Answer, numbers: Iterable[str]) -> list[dict[str, Any]]:
    return [answered("ticket", "show", number) for number in numbers]


@pytest.mark.slow("each ticket is made by a command that asks")
def test_tickets_of_an_outage_end_as_those_of_a_day_without_one(
    answered: Answer, broker: VirtualHost, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SAVCTL_RECONCILE_RATE", "10000")
    monkeypatch.setenv("SAVCTL_ORDER_CHECK_TIMEOUT", "30s")
    alone, attended = customers(database, 1_000), customers(database, 5_000)
    orders = range(1, TICKETS + 1)

    waited = [answered(*creation(user, order)) for user, order in zip(alone, orders, strict=True)]
    assert {ticket["metadata"]["order_check"] for ticket in waited} == {"pending"}
    with orders_service(broker.url, answers):
        asked = [
            answered(*creation(user, order)) for user, order in zip(attended, orders, strict=True)
        ]
        answered("sync", "reconcile")

    after = shown(answered, [ticket["ticket_number"] for ticket in waited])
    assert [known(ticket) for ticket in after] == [known(ticket) for ticket in asked]
    assert {ticket["priority"] for ticket in after} >= {"medium", "urgent"}
    for before, ticket in zip(waited, after, strict=True):
        raises = [e for e in ticket["metadata"]["history"] if e["action"] == "priority"]
        assert len(raises) == (before["priority"] != ticket["priority"])
        assert all("order facts" in entry["reason"] for entry in raises)
        assert ticket["metadata"]["sla"]["promise"] == before["metadata"]["sla"]["promise"]


@pytest.mark.slow("starts many processes")
def test_creations_at_once_each_get_the_facts_of_their_own_order(
    environment: dict[str, str], database: Database, database_url: str, broker: VirtualHost
) -> None:
    services = {
        "SAVCTL_DATABASE_URL": database_url,
        "SAVCTL_BROKER_URL": broker.url,
        "SAVCTL_ORDER_CHECK_TIMEOUT": "30s",
    }
    with orders_service(broker.url, answers), ExitStack() as stack:
        started = [
            stack.enter_context(start(environment | services, *map(str, creation(7, order))))
            for order in range(1, AT_ONCE + 1)
        ]
        codes = [ended(one)[0] for one in started]

    assert set(codes) == {0}
    found = rows(database, "SELECT order_id, metadata FROM support_tickets ORDER BY order_id")
    assert [row["order_id"] for row in found] == [*range(1, AT_ONCE + 1)]
    for row in found:
        assert f'"order_id": {row["order_id"]},' in as_text(row["metadata"])
        assert f'"total": {5.5 * row["order_id"]:g}' in as_text(row["metadata"])


def as_text(value: object) -> str:
    return json.dumps(json.loads(value) if isinstance(value, str) else value)
