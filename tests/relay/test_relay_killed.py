"""kill -9 of the relay at any moment: the next one completes its work (rules 8.1 and 8.3)."""

from __future__ import annotations

import random
import signal
import time
from collections.abc import Mapping

import pytest

from savctl.persistence.engine import Database
from tests.crash.processes import (
    PATIENCE_SECONDS,
    count,
    finished,
    start,
    time_passes_for_leases,
    wait_until,
)
from tests.relay.backlog import faults_of, mixed, published, put, repeats
from tests.servers.consumer import Consumer
from tests.servers.rabbitmq import VirtualHost

BEGUN = "SELECT COUNT(*) AS n FROM savctl_runs"
ONCE = ("event", "relay", "--once")
EVENTS, TICKETS = 30_000, 2_000


@pytest.fixture
def kills(kind: str) -> int:
    """Each costs the start of a process; SQLite shares all code but the statements."""
    return 8 if kind == "sqlite" else 50


def killed(database: Database, environment: Mapping[str, str], *, while_starting: bool) -> None:
    """A relay that is killed on its way to work, or at work."""
    begun = count(database, BEGUN)
    process = start(environment, *ONCE)
    if not while_starting:
        wait_until(
            lambda: count(database, BEGUN) > begun or process.poll() is not None, what="a run"
        )
    time.sleep(random.uniform(0, 0.6 if while_starting else 0.4))
    process.send_signal(signal.SIGKILL)
    process.communicate(timeout=PATIENCE_SECONDS)


@pytest.mark.slow
def test_a_relay_killed_50_times_loses_nothing_and_keeps_the_order(
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
        killed(database, environment, while_starting=number % 10 == 0)
        before, sent = sent, listener.waiting()
        hits += before < sent and published(database) < EVENTS
        time_passes_for_leases(database)
    assert hits > kills / 2, f"{hits} kills hit a relay at work: too few to prove anything"

    environment["SAVCTL_BROKER_WINDOW"] = "500"
    assert finished(environment, *ONCE) == 0

    received = listener.drain(EVENTS)
    assert faults_of(database, received) == []
    assert repeats(received) > 0, "no kill came between publish and mark"
    assert published(database) == EVENTS
