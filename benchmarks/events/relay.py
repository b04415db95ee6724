"""How fast the relay brings events to a broker, against pika alone; and its memory.

A private MariaDB that has every commit on the disk before it answers, and a private RabbitMQ.
The relay and the floor send the same messages by turns: the relay, the floor, the floor, …
The relay reads them from the outbox, keeps the order of each ticket, marks each one as sent, with
its lease checked in every commit and renewed beside it.
"""

from __future__ import annotations

import argparse
import json
import statistics
import sys
import time
from collections.abc import Sequence
from contextlib import closing

from benchmarks.events import _plain_pika
from benchmarks.events._plain_pika import Message
from benchmarks.framework.baseline import note_ratio
from benchmarks.framework.figures import Table, cores, finish, say
from benchmarks.framework.load import migrate, plain_connection
from benchmarks.framework.processes import run
from benchmarks.framework.servers import durable_server, give_room
from savctl.adapters.rabbitmq.broker import EXCHANGE, RabbitBroker, RabbitSettings
from savctl.persistence.engine import Database
from savctl.persistence.jobs import leases
from savctl.persistence.jobs.heartbeat import Heartbeat
from savctl.ports import system_clock
from savctl.usecases.events.relaying import RelayOptions, RelayReport, drain
from tests.servers import find
from tests.servers.brokers.consumer import Consumer
from tests.servers.brokers.rabbitmq import PrivateBroker
from tests.servers.databases.mysql_family import PrivateServer

RATE_TARGET = 0.7
MEMORY_TARGET_MB = 20
WINDOW = 500
_ROUNDS = 3
_SMALL, _FULL = 20_000, 100_000
_LITTLE, _MUCH, _MOST = 20_000, 200_000, 1_000_000
_COMMAND = ("event", "relay", "--once", "-o", "json")
_KEEPS = {"x-max-length": 10_000}  # a queue that forgets, so that the broker's memory is flat
_FILL = """
INSERT INTO savctl_outbox (event_id, event, routing_key, ticket_id, envelope, occurred_at)
SELECT UUID(), 'TicketStatusChanged', 'sav.ticket.status_changed', seq,
  CONCAT('{{"event": "TicketStatusChanged", "timestamp": "2025-10-03T11:00:00Z", "data": '
  '{{"ticket_id": ', seq, ', "ticket_number": "TKT-', LPAD(seq, 8, '0'), '", "user_id": 456, '
  '"previous_status": "resolved", "new_status": "closed", "changed_by": null, '
  '"reason": "Closed 24 hours after the resolution"}}}}'), '2025-10-03 11:00:00'
FROM seq_1_to_{events} ORDER BY seq"""


def main(words: Sequence[str] | None = None) -> int:
    """Measure, print, and answer 1 when a target is missed."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.events.relay", description=__doc__)
    parser.add_argument("--events", type=int, help=f"default {_SMALL:,}; --full: {_FULL:,}")
    parser.add_argument("--rounds", type=int, default=_ROUNDS)
    parser.add_argument("--full", action="store_true", help="the size of the promise")
    parser.add_argument("--only", choices=("rate", "memory"))
    given = parser.parse_args(words)
    programs = find.rabbitmq()
    if programs is None:
        sys.exit("benchmarks: no RabbitMQ on this machine")
    tables = []
    with durable_server() as server, PrivateBroker(programs) as broker:
        give_room(broker)
        if given.only != "memory":
            events = given.events or (_FULL if given.full else _SMALL)
            tables.append(_rate(server, broker, events, given.rounds))
        if given.only != "rate":
            tables.append(_memory(server, broker, _MOST if given.full else _MUCH))
    for table in tables:
        table.show()
    return finish(tables)


def _rate(server: PrivateServer, broker: PrivateBroker, events: int, rounds: int) -> Table:
    table = Table(
        f"relay: {events:,} events, window {WINDOW}, {server.name}, {broker.programs.version}, "
        f"{cores()} cores; innodb_flush_log_at_trx_commit = 1",
        ("round", "relay/s", "pika/s", "ratio", "target"),
    )
    url = _filled(server, "rate", events)
    messages = _messages(url)
    address = broker.create_vhost("rate")
    listener = Consumer(address, exchange=EXCHANGE, routing_key="sav.ticket.#")
    ratios = []
    for number in range(rounds + 1):
        relay_first = number % 2
        seconds = {}
        for who in ("relay", "pika") if relay_first else ("pika", "relay"):
            _forget(url)
            if who == "relay":
                seconds[who] = _relayed(url, address, events)
            else:
                seconds[who] = _plain_pika.publish(address, EXCHANGE, messages, window=WINDOW)
            _require(listener.waiting(), events, who)
            broker.evaluate(
                'rabbit_amqqueue:with(rabbit_misc:r(<<"rate">>, queue, '
                '<<"consumer">>), fun(Q) -> rabbit_amqqueue:purge(Q) end)'
            )
        say(f"relay {events / seconds['relay']:,.0f}/s, pika {events / seconds['pika']:,.0f}/s")
        if number:  # the first round is a warm-up
            ratios.append(seconds["pika"] / seconds["relay"])
            table.add(
                number,
                round(events / seconds["relay"]),
                round(events / seconds["pika"]),
                ratios[-1],
                "",
                is_met=None,
            )
    middle = statistics.median(ratios)
    note_ratio("relay", middle)
    table.add("median", "", "", middle, f">= {RATE_TARGET}", is_met=middle >= RATE_TARGET)
    return table


def _relayed(url: str, address: str, events: int) -> float:
    """Seconds of one drain, as the job does it."""
    database = Database(url)
    lease = database.transaction(
        lambda c: leases.acquire(c, "event-relay", owner="benchmarks", seconds=60)
    )
    broker = RabbitBroker(RabbitSettings(url=address, window=WINDOW))
    report = RelayReport()
    started = time.perf_counter()
    with Heartbeat(database, lease):
        drain(database, broker, system_clock, terms=RelayOptions(fence=lease), report=report)
    seconds = time.perf_counter() - started
    database.transaction(lambda c: leases.release(c, lease))
    database.close()
    _require(report.published, events, "relay")
    return seconds


def _memory(server: PrivateServer, broker: PrivateBroker, events: int) -> Table:
    table = Table(
        f"Memory of event relay, {server.name}",
        ("events sent", "largest MB", "seconds", "more than the first", "target"),
    )
    first, seconds = _peak(server, broker, _LITTLE)
    table.add(f"{_LITTLE:,}", first, seconds, "", "", is_met=None)
    largest, seconds = _peak(server, broker, events)
    more = largest - first
    table.add(
        f"{events:,}",
        largest,
        seconds,
        more,
        f"< {MEMORY_TARGET_MB}",
        is_met=more < MEMORY_TARGET_MB,
    )
    return table


def _peak(server: PrivateServer, broker: PrivateBroker, events: int) -> tuple[float, float]:
    """The most memory of a relay that sent so many events, in MB; and its seconds."""
    url = _filled(server, "memory", events)
    address = broker.create_vhost(f"memory-{events}")
    Consumer(address, exchange=EXCHANGE, routing_key="sav.ticket.#", arguments=_KEEPS)
    say(f"sending {events:,} events")
    ran = run(_COMMAND, {"SAVCTL_DATABASE_URL": url, "SAVCTL_BROKER_URL": address})
    try:
        _require(json.loads(ran.text)["changed"], events, "relay")
    except ValueError:
        sys.exit(f"the relay did not do its work:\n{ran.text[-2000:]}")
    server.drop_database("memory")
    return ran.peak_mb, ran.seconds


def _filled(server: PrivateServer, name: str, events: int) -> str:
    server.drop_database(name)
    url = server.create_database(name)
    migrate(url)
    with closing(plain_connection(url)) as connection, connection.cursor() as cursor:
        cursor.execute(_FILL.format(events=events))
        connection.commit()
    return url


def _messages(url: str) -> list[Message]:
    with closing(plain_connection(url)) as connection, connection.cursor() as cursor:
        cursor.execute(
            "SELECT id, event_id, event, routing_key, ticket_id, envelope, "
            "UNIX_TIMESTAMP(occurred_at) DIV 1 FROM savctl_outbox ORDER BY id"
        )
        return [Message(*row) for row in cursor.fetchall()]


def _forget(url: str) -> None:
    """Let every event wait again."""
    with closing(plain_connection(url)) as connection, connection.cursor() as cursor:
        cursor.execute("UPDATE savctl_outbox SET published_at = NULL")
        connection.commit()


def _require(count: int, events: int, who: str) -> None:
    if count != events:
        sys.exit(f"{who} sent {count} of {events} events: nothing to compare")


if __name__ == "__main__":
    sys.exit(main())
