"""kill -9 of the relay at any moment: the next one completes its work (rules 8.1 and 8.3)."""

from __future__ import annotations

import random
import time
from collections.abc import Mapping

import pytest

from savctl.persistence.engine import Database
from tests.crash.processes import (
    PATIENCE_SECONDS,
    finished,
    start,
    time_passes_for_leases,
    wait_until,
)
from tests.depth import KILLS, deep, too_few, work_for_kills
from tests.events.backlog import faults_of, mixed, published, put, repeats
from tests.servers.brokers.consumer import Consumer
from tests.servers.brokers.rabbitmq import VirtualHost

EVENTS, TICKETS = work_for_kills(600), 2_000
RELAY = ("event", "relay", "--once", "--quiet")
DRAINED_WITHIN = 90.0


@pytest.fixture
def kills(kind: str) -> int:
    """SQLite shares all code but the statements."""
    return deep(10, usual=KILLS) if kind == "sqlite" else KILLS


def killed(environment: Mapping[str, str], listener: Consumer, *, while_starting: bool) -> None:
    """A relay that is killed on its way to work, or at work."""
    sent = listener.waiting()
    process = start(environment, *RELAY)
    if not while_starting:
        wait_until(
            lambda: listener.waiting() > sent or not process.is_alive(), what="the first message"
        )
    time.sleep(random.uniform(0, 0.3))
    process.kill()
    process.wait(PATIENCE_SECONDS)


@pytest.mark.slow("kills processes at work, again and again")
def test_a_relay_killed_again_and_again_loses_nothing_and_keeps_the_order(
    database: Database,
    database_url: str,
    environment: dict[str, str],
    broker: VirtualHost,
    listener: Consumer,
    kills: int,
) -> None:
    put(database, mixed(EVENTS, TICKETS))
    environment |= {
        "SAVCTL_DATABASE_URL": database_url,
        "SAVCTL_BROKER_URL": broker.url,
        "SAVCTL_BROKER_WINDOW": "5",
    }
    hits, sent = 0, 0

    for number in range(kills):
        killed(environment, listener, while_starting=number % 5 == 0)
        before, sent = sent, listener.waiting()
        hits += before < sent and published(database) < EVENTS
        time_passes_for_leases(database)
    assert hits > too_few(kills), f"{hits} kills hit a relay at work: too few to prove anything"

    environment["SAVCTL_BROKER_WINDOW"] = "500"
    assert finished(environment, *RELAY) == 0

    received = listener.drain(listener.waiting(), within=DRAINED_WITHIN)
    assert faults_of(database, received) == []
    assert repeats(received) > 0, "no kill came between publish and mark"
    assert published(database) == EVENTS
