"""How fast messages of other services are taken in, against pika and plain SQL; and its memory.

A private MariaDB that has every commit on the disk before it answers, and a private RabbitMQ.
Users and orders in turn, three of ten sent twice, in a mixed order. The floor takes the same
messages, writes the same rows in batches of the same size and acknowledges them; it reads no
field but those it writes, and compares no time.
"""

from __future__ import annotations

import argparse
import json
import random
import statistics
import sys
import time
from collections.abc import Sequence
from contextlib import closing
from dataclasses import dataclass

import pika

from benchmarks.framework.baseline import note_ratio
from benchmarks.framework.figures import Table, cores, finish, say
from benchmarks.framework.load import migrate, plain_connection
from benchmarks.framework.processes import run
from benchmarks.framework.servers import durable_server, give_room
from benchmarks.sync import _plain_sync
from savctl.adapters.rabbitmq.broker import RabbitSettings
from savctl.adapters.rabbitmq.queues import RabbitQueues
from savctl.persistence.engine import Database
from savctl.ports import Binding, system_clock
from savctl.runtime import end_start_up
from savctl.usecases.sync.consuming import ConsumeOptions
from savctl.usecases.sync.intake import IntakeOptions
from savctl.usecases.sync.listening import consume_once
from savctl.usecases.sync.report import SyncCounts
from tests.servers import find
from tests.servers.brokers.rabbitmq import PrivateBroker
from tests.servers.databases.mysql_family import PrivateServer

RATIO_TARGET, RATE_TARGET = 0.5, 2_000
MEMORY_TARGET_MB = 20
BATCH = 50
_ROUNDS = 3
_SMALL, _FULL = 10_000, 50_000
_LITTLE, _MUCH = 10_000, 100_000
_QUEUES = ("sav.users", "sav.orders")
_BINDINGS = (
    Binding(queue="sav.users", exchange="auth_exchange", routing_key="auth.user.*"),
    Binding(queue="sav.orders", exchange="orders_exchange", routing_key="orders.order.*"),
)


@dataclass(frozen=True, slots=True)
class Sent:
    """One message on the wire."""

    message_id: str
    is_user: bool
    body: bytes


def main(words: Sequence[str] | None = None) -> int:
    """Measure, print, and answer 1 when a target is missed."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.sync.syncing", description=__doc__)
    parser.add_argument("--messages", type=int, help=f"default {_SMALL:,}; --full: {_FULL:,}")
    parser.add_argument("--rounds", type=int, default=_ROUNDS)
    parser.add_argument("--full", action="store_true", help="the size of the promise")
    parser.add_argument("--only", choices=("rate", "memory"))
    given = parser.parse_args(words)
    programs = find.rabbitmq()
    if programs is None:
        sys.exit("benchmarks: no RabbitMQ on this machine")
    tables = []
    end_start_up()  # garbage is looked for as in a command
    with durable_server() as server, PrivateBroker(programs) as broker:
        give_room(broker)
        if given.only != "memory":
            count = given.messages or (_FULL if given.full else _SMALL)
            tables.append(_rate(server, broker, count, given.rounds))
        if given.only != "rate":
            tables.append(_memory(server, broker))
    for table in tables:
        table.show()
    return finish(tables)


def _rate(server: PrivateServer, broker: PrivateBroker, count: int, rounds: int) -> Table:
    table = Table(
        f"sync consume: {count:,} messages, batches of {2 * BATCH}, {server.name}, "
        f"{broker.programs.version}, {cores()} cores; innodb_flush_log_at_trx_commit = 1",
        ("round", "savctl/s", "floor/s", "ratio", "target"),
    )
    messages = _messages(count)
    ratios, rates = [], []
    for number in range(rounds + 1):
        seconds = {}
        for who in ("savctl", "floor") if number % 2 else ("floor", "savctl"):
            url = _empty(server, "sync")
            address = _filled(broker, f"sync-{number}-{who}", messages)
            taken = _savctl if who == "savctl" else _plain_sync.consume
            seconds[who] = taken(url, address, count)
            _require_same(url, messages)
        savctl, floor = count / seconds["savctl"], count / seconds["floor"]
        say(f"savctl {savctl:,.0f}/s, floor {floor:,.0f}/s")
        if number:  # the first round is a warm-up
            ratios.append(savctl / floor)
            rates.append(savctl)
            table.add(number, round(savctl), round(floor), ratios[-1], "", is_met=None)
    ratio, rate = statistics.median(ratios), statistics.median(rates)
    note_ratio("sync", ratio)
    table.add("median", "", "", ratio, f">= {RATIO_TARGET}", is_met=ratio >= RATIO_TARGET)
    table.add("median", round(rate), "", "", f">= {RATE_TARGET}/s", is_met=rate >= RATE_TARGET)
    return table


def _savctl(url: str, address: str, count: int) -> float:
    """Seconds until all were taken in, as `sync consume --once` does it."""
    database, total = Database(url), SyncCounts()
    options = ConsumeOptions(
        intake=IntakeOptions(), batch=2 * BATCH, most=count, until_empty=True, on_batch=total.add
    )
    broker = RabbitQueues(RabbitSettings(url=address))
    started = time.perf_counter()
    consume_once(database, broker, system_clock, queues=_QUEUES, prefetch=BATCH, options=options)
    seconds = time.perf_counter() - started
    database.close()
    if total.received != count:
        sys.exit(f"savctl took {total.received} of {count} messages")
    return seconds


def _memory(server: PrivateServer, broker: PrivateBroker) -> Table:
    table = Table(
        f"Memory of sync consume, {server.name}",
        ("messages", "largest MB", "seconds", "more than the first", "target"),
    )
    first, seconds = _peak(server, broker, _LITTLE)
    table.add(f"{_LITTLE:,}", first, seconds, "", "", is_met=None)
    largest, seconds = _peak(server, broker, _MUCH)
    more = largest - first
    is_met = more < MEMORY_TARGET_MB
    table.add(f"{_MUCH:,}", largest, seconds, more, f"< {MEMORY_TARGET_MB}", is_met=is_met)
    return table


def _peak(server: PrivateServer, broker: PrivateBroker, count: int) -> tuple[float, float]:
    url = _empty(server, "memory")
    address = _filled(broker, f"memory-{count}", _messages(count))
    say(f"taking in {count:,} messages")
    command = ("sync", "consume", "--once", "-o", "json")
    ran = run(command, {"SAVCTL_DATABASE_URL": url, "SAVCTL_BROKER_URL": address})
    try:
        done = json.loads(ran.text)["received"]
    except ValueError:
        sys.exit(f"the consumer did not do its work:\n{ran.text[-2000:]}")
    if done != count:
        sys.exit(f"{done} of {count} messages were taken in")
    return ran.peak_mb, ran.seconds


def _empty(server: PrivateServer, name: str) -> str:
    server.drop_database(name)
    url = server.create_database(name)
    migrate(url)
    return url


def _filled(broker: PrivateBroker, vhost: str, messages: Sequence[Sent]) -> str:
    """A virtual host whose queues hold the messages."""
    address = broker.create_vhost(vhost)
    RabbitQueues(RabbitSettings(url=address)).set_up(_BINDINGS, exchanges=True)
    with closing(pika.BlockingConnection(pika.URLParameters(address))) as connection:
        channel = connection.channel()
        channel.tx_select()
        for number, one in enumerate(messages, start=1):
            properties = pika.BasicProperties(delivery_mode=2, message_id=one.message_id)
            channel.basic_publish("", _QUEUES[not one.is_user], one.body, properties)
            if number % 500 == 0 or number == len(messages):
                channel.tx_commit()
    return address


def _messages(count: int) -> list[Sent]:
    chance = random.Random(17)
    distinct = [_message(number) for number in range(count * 10 // 13)]
    again = chance.sample(distinct, count - len(distinct))
    found = distinct + again
    chance.shuffle(found)
    return found


def _message(number: int) -> Sent:
    is_user = number % 2 == 0
    data: dict[str, object] = {"user_id": number // 4 + 1}
    if is_user:
        data |= {"email": f"u{number}@example.org", "firstname": "Ada", "lastname": "Byron"}
    else:
        data |= {"order_id": number // 4 + 1, "status": "paid", "total": 12.5, "currency": "EUR"}
    event = "UserUpdated" if is_user else "OrderUpdated"
    at = f"2025-10-03T{number // 3600 % 24:02d}:{number // 60 % 60:02d}:{number % 60:02d}Z"
    body = json.dumps({"event": event, "timestamp": at, "data": data}).encode()
    return Sent(f"message-{number}", is_user, body)


def _require_same(url: str, messages: Sequence[Sent]) -> None:
    """Both must have left a row for each message, and one for each user."""
    wanted = len({one.message_id for one in messages})
    with closing(plain_connection(url)) as connection, connection.cursor() as cursor:
        cursor.execute("SELECT (SELECT COUNT(*) FROM savctl_inbox), (SELECT COUNT(*) FROM users)")
        (found,) = cursor.fetchall()
    inbox, users = found
    people = {json.loads(one.body)["data"]["user_id"] for one in messages if one.is_user}
    if (inbox, users) != (wanted, len(people)):
        sys.exit(f"{inbox} of {wanted} messages and {users} of {len(people)} users are there")


if __name__ == "__main__":
    sys.exit(main())
