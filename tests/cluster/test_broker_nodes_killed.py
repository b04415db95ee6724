"""The relay's node of a RabbitMQ cluster is killed again and again: events go on, none is lost."""

from __future__ import annotations

import json
import os
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from pika.exceptions import AMQPError

from savctl.adapters.rabbitmq.broker import RabbitBroker
from savctl.config import load
from savctl.persistence.engine import Database
from savctl.ports import system_clock
from savctl.scheduling.job import find_job
from savctl.scheduling.runner import Start, run_job
from tests.given import created, rows
from tests.jobs.conftest import OwnedApp
from tests.servers.brokers.consumer import Consumer, Received
from tests.servers.brokers.rabbitmq_cluster import PrivateBrokerCluster
from tests.servers.find import BrokerPrograms

pytestmark = [pytest.mark.cluster, pytest.mark.timeout(3600)]
KILLS = int(os.environ.get("SAVCTL_TEST_BROKER_KILLS", "3"))
FLOWS_WITHIN_SECONDS = 5.0


@pytest.fixture(scope="module")
def cluster(broker_programs: BrokerPrograms) -> Iterator[PrivateBrokerCluster]:
    with PrivateBrokerCluster(broker_programs) as found:
        yield found


class Relay(threading.Thread):
    """The job as a scheduler runs it: it stays at work."""

    def __init__(self, database_url: str, broker_url: str, folder: Path) -> None:
        super().__init__()
        settings = load(
            {
                "SAVCTL_DATABASE_URL": database_url,
                "SAVCTL_BROKER_URL": broker_url,
                "HOME": str(folder),
            }
        )
        self.app = OwnedApp(replace(settings, broker_topology="declare"), system_clock)
        self.is_over = threading.Event()

    def run(self) -> None:
        until = system_clock() + timedelta(hours=1)
        start = Start(run_until=until, should_stop=self.is_over.is_set)
        run_job(find_job("event-relay"), self.app, start)
        self.app.close()

    @property
    def node(self) -> int:
        """The place in `broker_url` of the node that it uses."""
        assert isinstance(self.app.broker, RabbitBroker)
        return next(self.app.broker._nodes.in_turn())


class Arrivals:
    """What has arrived in a quorum queue, read through whichever node lives."""

    def __init__(self, cluster: PrivateBrokerCluster) -> None:
        self._cluster = cluster
        self.numbers: list[str] = []
        self.sequences: list[int] = []

    def has(self, number: str, *, within: float) -> bool:
        end = time.monotonic() + within
        while number not in self.numbers and time.monotonic() < end:
            with suppress(AMQPError, OSError):
                for one in self._consumer().drain():
                    self._note(one)
        return number in self.numbers

    def make(self) -> None:
        self._consumer()

    def _note(self, one: Received) -> None:
        self.numbers.append(json.loads(one.body)["data"]["ticket_number"])

    def _consumer(self) -> Consumer:
        living = next(node for node in self._cluster.nodes if node.is_running)
        return Consumer(
            living.url(),
            exchange="sav_exchange",
            routing_key="sav.ticket.#",
            arguments={"x-queue-type": "quorum"},
        )


@pytest.mark.only_on("mariadb")
def test_events_flow_again_in_five_seconds_when_the_relays_node_is_killed(
    cluster: PrivateBrokerCluster, database: Database, database_url: str, tmp_path: Path
) -> None:
    arrivals = Arrivals(cluster)
    arrivals.make()
    relay = Relay(database_url, cluster.url, tmp_path)
    relay.start()
    waits: list[float] = []
    try:
        first = created(database, system_clock)
        assert arrivals.has(first.ticket_number, within=30)
        for _ in range(KILLS):
            victim = cluster.nodes[relay.node]
            before = created(database, system_clock)
            victim.crash()
            killed_at = time.monotonic()
            after = created(database, system_clock)
            for ticket in (after, before):
                assert arrivals.has(ticket.ticket_number, within=60)
            waits.append(time.monotonic() - killed_at)
            victim.start()
            cluster.wait_until_whole()
    finally:
        relay.is_over.set()
        relay.join(60)
    sys.stdout.write(f"{KILLS} kills: flows again after {[round(w, 1) for w in waits]} s\n")
    numbers = {row["ticket_number"] for row in rows(database, "SELECT * FROM support_tickets")}
    assert numbers == set(arrivals.numbers)
    assert max(waits) < FLOWS_WITHIN_SECONDS
