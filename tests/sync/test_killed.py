"""kill -9 of consumers, broker and database: rows as a sequential model has them (rules 14.2)."""

from __future__ import annotations

import json
import random
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pika
import pytest

from savctl.adapters.rabbitmq.broker import RabbitSettings
from savctl.adapters.rabbitmq.queues import RabbitQueues
from savctl.domain.model.ticket import Ticket
from savctl.persistence.engine import Database
from savctl.persistence.schema import versions
from savctl.persistence.tickets.tickets import Tickets
from savctl.ports import Binding, system_clock
from savctl.usecases.operation import Operation
from savctl.usecases.tickets.creation import NewTicket, create_ticket
from tests.crash.fork_server import Process
from tests.crash.processes import PATIENCE_SECONDS, start, wait_until
from tests.depth import IS_DEEP, deep
from tests.given import rows
from tests.servers import find
from tests.servers.brokers.rabbitmq import PrivateBroker
from tests.servers.databases.mysql_family import PrivateServer
from tests.sync.outside import gone, order, user

MESSAGES, CONSUMERS = deep(10_000, usual=500), deep(4, usual=2)
KILLS, CRASHES = deep(12, usual=3), deep(3, usual=0)  # servers take long to come back
CONSUME = ("sync", "consume", "--quiet")
USERS, ORDERS = MESSAGES // 20, MESSAGES // 40
BINDINGS = (
    Binding(queue="sav.users", exchange="auth_exchange", routing_key="auth.user.*"),
    Binding(queue="sav.orders", exchange="orders_exchange", routing_key="orders.order.*"),
)


@pytest.fixture
def durable(tmp_path: Path) -> Iterator[PrivateServer]:
    """A database server that may be killed: a commit is on the disk before it answers."""
    programs = find.programs(find.Family.MARIADB)
    if programs is None:
        pytest.skip("no MariaDB on this machine")
    with PrivateServer(programs, durable=True) as server:
        yield server


@pytest.fixture
def fragile(broker_programs: find.BrokerPrograms) -> Iterator[PrivateBroker]:
    """A broker that may be killed."""
    with PrivateBroker(broker_programs) as server:
        yield server


def at(second: int) -> str:
    return f"2025-10-03T{second // 3600:02d}:{second // 60 % 60:02d}:{second % 60:02d}Z"


def stories(chance: random.Random) -> list[bytes]:
    """Messages about users and orders, each with a time of its own; one of a hundred is poison."""
    found: list[bytes] = []
    for second in range(MESSAGES * 10 // 13):
        if chance.random() < 0.01:
            found.append(f"poison {second}".encode())
        elif chance.random() < 0.5:
            who = chance.randint(1, USERS)
            is_gone = chance.random() < 0.1
            email = f"{second}@example.org"
            found.append(
                gone(who, at=at(second)) if is_gone else user(who, at=at(second), email=email)
            )
        else:
            event = chance.choice(["OrderUpdated", "OrderDelivered", "OrderCancelled"])
            which, status = chance.randint(1, ORDERS), f"s{second}"
            found.append(order(which, at=at(second), event=event, status=status, total=second / 2))
    return found


def publish(url: str, messages: list[tuple[str, bytes]]) -> None:
    connection = pika.BlockingConnection(pika.URLParameters(url))
    channel = connection.channel()
    channel.tx_select()
    for number, (name, body) in enumerate(messages, start=1):
        queue = "sav.orders" if b'"Order' in body else "sav.users"
        properties = pika.BasicProperties(delivery_mode=2, message_id=name)
        channel.basic_publish("", queue, body, properties)
        if number % 500 == 0 or number == len(messages):
            channel.tx_commit()
    connection.close()


def model(messages: list[bytes]) -> tuple[dict[int, str], dict[int, dict[str, Any]]]:
    """What the newest message about each user and order leaves: addresses, facts of orders."""
    users: dict[int, tuple[str, str | None]] = {}
    orders: dict[int, dict[str, Any]] = {}
    for body in messages:
        if body.startswith(b"poison"):
            continue
        message = json.loads(body)
        data, when = message["data"], message["timestamp"]
        if "order_id" in data:
            if orders.get(data["order_id"], {"as_of": ""})["as_of"] < when:
                orders[data["order_id"]] = {**data, "as_of": when}
        elif users.get(data["user_id"], ("", None))[0] < when:
            users[data["user_id"]] = (when, data.get("email"))
    return {who: email for who, (_, email) in users.items() if email is not None}, orders


def tickets_of(database: Database, count: int) -> list[int]:
    op = Operation(database, system_clock, actor=5)
    return [
        create_ticket(op, NewTicket(user_id=456, subject="s", description="d", order_id=number))[
            0
        ].ticket.id
        for number in range(1, count + 1)
    ]


def ticket(database: Database, number: int) -> Ticket:
    with database.reading() as connection:
        return Tickets(connection).get(number)


def waiting(url: str) -> int:
    states = RabbitQueues(RabbitSettings(url=url)).states(["sav.users", "sav.orders"])
    return sum(state.messages for state in states if state is not None)


def taken(database: Database) -> int:
    return len(rows(database, "SELECT message_key FROM savctl_inbox"))


@dataclass(kw_only=True)
class Outside:
    """A database and a broker, and how both are killed."""

    database_url: str
    broker_url: str
    crash: Callable[[], None]


@pytest.fixture
def outside(request: pytest.FixtureRequest) -> Outside:
    """Servers of its own for a deep run, which kills them; else those of all tests."""
    if not IS_DEEP:
        server = request.getfixturevalue("servers").of("mariadb")
        server.drop_database("killed")
        return Outside(
            database_url=server.create_database("killed"),
            broker_url=request.getfixturevalue("broker").url,
            crash=lambda: None,
        )
    durable: PrivateServer = request.getfixturevalue("durable")
    fragile: PrivateBroker = request.getfixturevalue("fragile")

    def crash() -> None:
        fragile.crash()
        fragile.start()
        durable.crash()
        time.sleep(random.uniform(0, 0.3))
        durable.start()

    return Outside(
        database_url=durable.create_database("killed"),
        broker_url=fragile.create_vhost("killed"),
        crash=crash,
    )


@pytest.mark.timeout(600)
@pytest.mark.slow("kills processes and servers at work, again and again")
def test_consumers_broker_and_database_may_be_killed_and_nothing_is_lost_or_done_twice(
    environment: dict[str, str], outside: Outside
) -> None:
    chance = random.Random(17)
    database = Database(outside.database_url)
    versions.upgrade(database, owner="tests")
    numbers = tickets_of(database, ORDERS)
    url = outside.broker_url
    RabbitQueues(RabbitSettings(url=url)).set_up(BINDINGS, exchanges=True)
    messages = stories(chance)
    named = [(f"m-{number}", body) for number, body in enumerate(messages)]
    sent = named + chance.sample(named, MESSAGES - len(named))
    chance.shuffle(sent)
    environment |= {
        "SAVCTL_DATABASE_URL": database.url.render_as_string(hide_password=False),
        "SAVCTL_BROKER_URL": url,
        "SAVCTL_SYNC_PREFETCH": "5",
    }

    with ExitStack() as stack:
        consumers = [stack.enter_context(start(environment, *CONSUME)) for _ in range(CONSUMERS)]
        share = len(sent) // (KILLS + 1) + 1
        for kill in range(KILLS + 1):
            publish(url, sent[kill * share : (kill + 1) * share])
            time.sleep(chance.uniform(0, 0.3))
            if kill < KILLS:
                consumers.append(_killed(stack, environment, consumers.pop(0)))
            if kill < CRASHES:
                outside.crash()
        wait_until(
            lambda: taken(database) == len(named) and not waiting(url),
            what="the last message",
            every=0.2,
        )

    users, orders = model(messages)
    found = {row["id"]: row["email"] for row in rows(database, "SELECT id, email FROM users")}
    assert found == users
    for number, ticket_id in enumerate(numbers, start=1):
        known = ticket(database, ticket_id).metadata.object_at("order")
        wanted = orders.get(number, {})
        assert (known.get("status"), known.get("as_of")) == (
            wanted.get("status"),
            wanted.get("as_of"),
        )
    dead = rows(database, "SELECT message_id, reason FROM savctl_dead_messages")
    poison = {name for name, body in named if body.startswith(b"poison")}
    assert sorted(row["message_id"] for row in dead) == sorted(poison)
    assert {row["reason"] for row in dead} <= {"not JSON"}
    database.close()


def _killed(stack: ExitStack, environment: Mapping[str, str], process: Process) -> Process:
    """Kill a consumer at work, and start another in its place."""
    process.kill()
    process.wait(PATIENCE_SECONDS)
    return stack.enter_context(start(environment, *CONSUME))
