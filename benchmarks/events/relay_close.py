"""How soon a bulk close is on the broker, against plain SQL and plain pika for the same.

A relay works beside the job, as in production: the clock runs from the first closing until every
event is in a queue. The floor writes the same rows with plain SQL and then publishes the same
messages with pika alone. Private MariaDB (every commit on the disk), private RabbitMQ.
"""

from __future__ import annotations

import argparse
import os
import signal
import statistics
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import closing as closed
from contextlib import contextmanager
from pathlib import Path

from benchmarks.events import _plain_pika
from benchmarks.events._plain_pika import Message
from benchmarks.framework.baseline import note_ratio
from benchmarks.framework.figures import Table, cores, finish, say
from benchmarks.framework.load import fill, migrate, plain_connection
from benchmarks.framework.servers import durable_server, give_room
from benchmarks.framework.shop import Shop
from benchmarks.tickets import closing, plain_closing
from savctl.adapters.rabbitmq.broker import EXCHANGE
from tests.servers import find
from tests.servers.brokers.consumer import Consumer
from tests.servers.brokers.rabbitmq import PrivateBroker
from tests.servers.databases.mysql_family import PrivateServer

TARGET = 2.0
WINDOW = 500
_SMALL, _FULL = 20_000, 100_000
_PATIENCE_SECONDS = 600


def main(words: Sequence[str] | None = None) -> int:
    """Measure, print, and answer 1 when the target is missed."""
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.events.relay_close", description=__doc__
    )
    parser.add_argument("--tickets", type=int, help=f"default {_SMALL:,}; --full: {_FULL:,}")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--full", action="store_true", help="the size of the promise")
    given = parser.parse_args(words)
    tickets = given.tickets or (_FULL if given.full else _SMALL)
    programs = find.rabbitmq()
    if programs is None:
        sys.exit("benchmarks: no RabbitMQ on this machine")
    with durable_server() as server, PrivateBroker(programs) as broker:
        give_room(broker)
        pairs = [_round(server, broker, tickets, number) for number in range(given.rounds)]
        table = _table(server, tickets, pairs)
    table.show()
    return finish([table])


def _round(
    server: PrivateServer, broker: PrivateBroker, tickets: int, number: int
) -> tuple[float, float]:
    """Seconds of job and relay, and of the floor, for the same tickets."""
    url = _fresh(server, "job", tickets)
    address = broker.create_vhost(f"job{number}")
    listener = Consumer(address, exchange=EXCHANGE, routing_key="sav.ticket.#")
    with _relay(url, address):
        started = time.perf_counter()
        changed, job_seconds = closing.close_all(url)
        _await(url, tickets)
        ours = time.perf_counter() - started
    if (changed, listener.waiting()) != (tickets, tickets):
        sys.exit(f"{changed} closed, {listener.waiting()} on the broker of {tickets}")
    broker.delete_vhost(f"job{number}")  # what nobody takes would fill the broker's memory
    batches, messages = plain_closing.written_by_job(url, closing.BATCH), _messages(url)
    floor_url = _fresh(server, "floor", tickets)
    floor_address = broker.create_vhost(f"floor{number}")
    Consumer(floor_address, exchange=EXCHANGE, routing_key="sav.ticket.#")
    floor = plain_closing.write(floor_url, batches)
    floor += _plain_pika.publish(floor_address, EXCHANGE, messages, window=WINDOW)
    broker.delete_vhost(f"floor{number}")
    say(f"savctl {ours:.1f} s (the job alone {job_seconds:.1f} s), the floor {floor:.1f} s")
    return ours, floor


@contextmanager
def _relay(url: str, address: str) -> Iterator[None]:
    """A relay at work, as `savctl event relay`."""
    environment = {**os.environ, "SAVCTL_DATABASE_URL": url, "SAVCTL_BROKER_URL": address}
    savctl = str(Path(sys.executable).with_name("savctl"))
    with subprocess.Popen(
        [savctl, "event", "relay"], env=environment, stdout=subprocess.DEVNULL
    ) as process:
        time.sleep(2)  # it is up before the closing begins, as in production
        yield
        process.send_signal(signal.SIGTERM)


def _await(url: str, tickets: int) -> None:
    give_up = time.monotonic() + _PATIENCE_SECONDS
    query = "SELECT COUNT(*) FROM savctl_outbox WHERE published_at IS NULL"
    with closed(plain_connection(url)) as connection, connection.cursor() as cursor:
        connection.autocommit(True)
        while time.monotonic() < give_up:
            cursor.execute(query)
            if cursor.fetchone() == (0,):
                return
            time.sleep(0.05)
    sys.exit(f"the relay did not bring {tickets} events to the broker in time")


def _fresh(server: PrivateServer, name: str, tickets: int) -> str:
    server.drop_database(name)
    url = server.create_database(name)
    migrate(url)
    fill(url, Shop(tickets, only="resolved"))
    return url


def _messages(url: str) -> list[Message]:
    with closed(plain_connection(url)) as connection, connection.cursor() as cursor:
        cursor.execute(
            "SELECT id, event_id, event, routing_key, ticket_id, envelope, "
            "UNIX_TIMESTAMP(occurred_at) DIV 1 FROM savctl_outbox ORDER BY id"
        )
        return [Message(*row) for row in cursor.fetchall()]


def _table(server: PrivateServer, tickets: int, pairs: list[tuple[float, float]]) -> Table:
    table = Table(
        f"{tickets:,} closings until all is on the broker, {server.name}, {cores()} cores; "
        "innodb_flush_log_at_trx_commit = 1",
        ("round", "savctl s", "floor s", "times the floor", "target"),
    )
    for number, (ours, floor) in enumerate(pairs, start=1):
        table.add(number, ours, floor, ours / floor, "", is_met=None)
    middle = statistics.median(ours / floor for ours, floor in pairs)
    note_ratio("close until on the broker", 1 / middle)
    table.add("median", "", "", middle, f"<= {TARGET:g}", is_met=middle <= TARGET)
    return table


if __name__ == "__main__":
    sys.exit(main())
