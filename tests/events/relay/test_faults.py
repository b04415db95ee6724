"""Whatever fails: nothing is lost, tickets stay in order, repeats carry the same message_id."""

from __future__ import annotations

import json
import signal
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from datetime import timedelta
from threading import Thread
from typing import Any

import pytest

from savctl.adapters.rabbitmq.broker import RabbitBroker, RabbitSettings
from savctl.errors import SavError
from savctl.persistence.engine import Database
from savctl.persistence.jobs.schedules import remember_job
from savctl.ports import BrokerUnavailable, system_clock
from savctl.usecases.events.relaying import RelayOptions, RelayReport, drain
from tests.crash.fork_server import Process
from tests.crash.jobs.test_many_runners import lease_runs_out
from tests.crash.processes import PATIENCE_SECONDS, ended, finished, running, wait_until
from tests.depth import deep
from tests.events.backlog import faults_of, mixed, published, put, repeats, waiting
from tests.given import rows
from tests.servers.brokers.consumer import Consumer
from tests.servers.brokers.rabbitmq import VirtualHost
from tests.servers.network.tcp_proxy import TcpProxy, Towards

pytestmark = pytest.mark.slow("a broker has to break, be noticed and come back")

EVENTS = 6_000
TICKETS = 300
ONCE = ("event", "relay", "--once")
RECONNECTS_WITHIN = 180.0  # with four tests beside it on two cores it took over 60 s
DRAINED_WITHIN = 120.0


@pytest.fixture(autouse=True)
def _on_a_server(kind: str) -> None:
    if kind == "sqlite":
        pytest.skip("one database is enough to break a broker on")


@pytest.fixture
def shop(database_url: str, broker: VirtualHost, environment: dict[str, str]) -> dict[str, str]:
    """An environment for relays in processes of their own."""
    return environment | {
        "SAVCTL_DATABASE_URL": database_url,
        "SAVCTL_BROKER_URL": broker.url,
        "SAVCTL_BROKER_WINDOW": "20",
    }


@contextmanager
def relay_at_work(environment: dict[str, str]) -> Iterator[Process]:
    """A relay that stays; it is ended politely, and must not have ended before."""
    with running(environment, "event", "relay") as process:
        yield process
        process.send_signal(signal.SIGTERM)
        code, _, err = ended(process)
    assert code == 143, err


def all_sent(database: Database, *senders: Process, within: float = RECONNECTS_WITHIN) -> None:
    """Wait until no event waits; one of the senders must live so long."""
    give_up = time.monotonic() + within
    while waiting(database):
        printed = [line for one in senders for line in one.stderr_lines()]
        assert any(one.is_alive() for one in senders), printed
        assert time.monotonic() < give_up, (f"{waiting(database)} events still wait", printed)
        time.sleep(0.1)


def arrive_as_promised(database: Database, listener: Consumer) -> int:
    """Everything arrived, in order; answers how many arrived once more."""
    received = listener.drain(listener.waiting(), within=DRAINED_WITHIN)
    assert faults_of(database, received) == []
    return repeats(received)


def test_a_broker_that_is_killed_and_comes_back_under_load(
    database: Database, shop: dict[str, str], broker: VirtualHost, listener: Consumer
) -> None:
    put(database, mixed(EVENTS, TICKETS))

    with relay_at_work(shop) as relay:
        wait_until(lambda: published(database), what="the first events")
        broker.server.crash()
        put(database, mixed(EVENTS, TICKETS), first=EVENTS + 1)
        left = waiting(database)
        broker.server.start()
        all_sent(database, relay)

    assert left > EVENTS, "the broker was killed too late to prove anything"
    arrive_as_promised(database, listener)


@pytest.mark.parametrize("seconds", deep([3.0, 30.0], usual=[3.0]))
def test_a_memory_alarm_is_waited_for(
    database: Database,
    shop: dict[str, str],
    broker: VirtualHost,
    listener: Consumer,
    seconds: float,
) -> None:
    put(database, mixed(EVENTS, TICKETS))

    with relay_at_work(shop) as relay:
        wait_until(lambda: published(database), what="the first events")
        broker.server.memory_alarm(on=True)
        time.sleep(seconds)
        during = waiting(database)
        broker.server.memory_alarm(on=False)
        all_sent(database, relay)

    assert during > 0, "the alarm came too late to prove anything"
    assert arrive_as_promised(database, listener) == 0


def test_a_queue_that_is_unbound_for_a_while(
    database: Database, shop: dict[str, str], listener: Consumer
) -> None:
    put(database, mixed(500, 50))

    with relay_at_work(shop) as relay:
        all_sent(database, relay)
        listener.unbind()
        put(database, mixed(500, 50), first=501)
        wait_until(
            lambda: rows(database, "SELECT id FROM savctl_outbox WHERE attempts > 1"),
            what="a second try",
        )
        listener.bind()
        put(database, mixed(500, 50), first=1_001)
        all_sent(database, relay)

    assert rows(database, "SELECT id FROM savctl_outbox WHERE last_error IS NOT NULL") == []
    assert arrive_as_promised(database, listener) == 0


def test_of_relays_started_at_once_one_works_and_the_others_learn_it(
    database: Database, shop: dict[str, str], listener: Consumer
) -> None:
    put(database, mixed(EVENTS, TICKETS))

    with ExitStack() as stack:
        relays = [stack.enter_context(running(shop, "event", "relay")) for _ in range(3)]
        all_sent(database, *relays)
        wait_until(lambda: len(at_work(relays)) == 1, what="the others' end")
        [survivor] = at_work(relays)
        survivor.send_signal(signal.SIGTERM)
        codes = sorted(ended(one)[0] for one in relays)

    assert codes == [9, 9, 143]
    assert arrive_as_promised(database, listener) == 0


def test_a_scheduler_keeps_a_relay_at_work_through_a_restart_of_the_broker(
    database: Database, shop: dict[str, str], broker: VirtualHost, listener: Consumer
) -> None:
    long_known = system_clock() - timedelta(minutes=5)  # the present slot is due at once
    database.transaction(lambda c: remember_job(c, "event-relay", at=long_known))

    with running(shop, "scheduler", "run", "--only", "event-relay") as scheduler:
        put(database, mixed(500, 50))
        all_sent(database, scheduler)
        broker.server.crash()
        put(database, mixed(500, 50), first=501)
        broker.server.start()
        all_sent(database, scheduler)
        put(database, mixed(500, 50), first=1_001)
        all_sent(database, scheduler, within=10.0)  # it looks every second
        scheduler.send_signal(signal.SIGTERM)
        ended(scheduler)

    arrive_as_promised(database, listener)


def at_work(relays: list[Process]) -> list[Process]:
    return [one for one in relays if one.poll() is None]


def test_a_relay_that_was_paused_past_its_lease_cannot_mark(
    database: Database, shop: dict[str, str], listener: Consumer
) -> None:
    put(database, mixed(EVENTS, TICKETS))

    slow = shop | {"SAVCTL_LEASE_SECONDS": "5", "SAVCTL_BROKER_WINDOW": "2"}
    with running(slow, *ONCE) as sleeper:
        wait_until(lambda: published(database), what="the first events")
        sleeper.send_signal(signal.SIGSTOP)
        wait_until(lambda: lease_runs_out(database, sleeper), what="a moment between two marks")
        before = published(database)
        successor = finished(shop, *ONCE)
        marks = rows(database, "SELECT id, published_at FROM savctl_outbox ORDER BY id")
        sleeper.send_signal(signal.SIGCONT)
        code, _, err = ended(sleeper)

    assert before < EVENTS, "the relay was paused too late to prove anything"
    assert (successor, code) == (0, 8), err
    assert "taken over by another host" in err or "could not be renewed in time" in err
    assert rows(database, "SELECT id, published_at FROM savctl_outbox ORDER BY id") == marks
    assert waiting(database) == 0
    arrive_as_promised(database, listener)


def drained_in_thread(
    database: Database, url: str, **settings: Any
) -> tuple[Thread, list[object]]:
    """A drain beside the test, and how it ended."""
    ended: list[object] = []

    def run() -> None:
        broker = RabbitBroker(RabbitSettings(url=url, **settings))
        try:
            drain(database, broker, system_clock, terms=RelayOptions(), report=RelayReport())
            ended.append("done")
        except SavError as problem:
            ended.append(problem)

    thread = Thread(target=run)
    thread.start()
    return thread, ended


@pytest.mark.parametrize("window", deep([1, 50, 500], usual=[50]))
def test_a_connection_cut_between_publish_and_confirm(
    database: Database, broker: VirtualHost, listener: Consumer, window: int
) -> None:
    put(database, mixed(EVENTS, TICKETS))

    with TcpProxy(broker.server.port) as proxy:
        url = proxy.through(broker.url)
        thread, ended = drained_in_thread(database, url, window=window)
        wait_until(lambda: listener.waiting() > 100, what="messages under way")
        proxy.hold(Towards.CLIENT)
        wait_until(standing_still(listener), what="a window without confirms")
        proxy.cut()
        thread.join(PATIENCE_SECONDS)
        proxy.release()
        again, ended_again = drained_in_thread(database, url, window=window)
        again.join(PATIENCE_SECONDS)

    assert isinstance(ended[0], BrokerUnavailable)
    assert ended_again == ["done"]
    assert waiting(database) == 0
    assert arrive_as_promised(database, listener) > 0, "nothing was cut between the two"


def standing_still(listener: Consumer) -> Callable[[], bool]:
    """Whether nothing arrived since it was asked before."""
    seen = [-1]

    def is_so() -> bool:
        before, seen[0] = seen[0], listener.waiting()
        time.sleep(0.2)
        return before == seen[0]

    return is_so


def test_a_broker_that_falls_silent_is_given_up_by_heartbeat(
    database: Database, broker: VirtualHost, listener: Consumer
) -> None:
    put(database, mixed(EVENTS, TICKETS))

    with TcpProxy(broker.server.port) as proxy:
        url = proxy.through(broker.url)
        thread, ended = drained_in_thread(database, url, window=5, heartbeat_seconds=2)
        wait_until(lambda: listener.waiting() > 100, what="messages under way")
        proxy.hold()
        thread.join(PATIENCE_SECONDS)
        proxy.cut()
        proxy.release()
        again, ended_again = drained_in_thread(database, url)
        again.join(PATIENCE_SECONDS)

    assert isinstance(ended[0], BrokerUnavailable)
    assert ended_again == ["done"]
    arrive_as_promised(database, listener)


def test_a_signal_ends_a_relay_after_what_is_under_way_and_tells_what_is_left(
    database: Database, shop: dict[str, str], listener: Consumer
) -> None:
    put(database, mixed(3 * EVENTS, TICKETS))

    with running(shop | {"SAVCTL_BROKER_WINDOW": "1"}, *ONCE, "-o", "json") as process:
        wait_until(lambda: published(database), what="the first events")
        process.send_signal(signal.SIGTERM)
        code, out, err = ended(process)

    left = waiting(database)
    assert left > 0, "the relay was stopped too late to prove anything"
    assert code == 143, err
    assert json.loads(out)["left"] == left
    assert json.loads(out)["changed"] == 3 * EVENTS - left == listener.waiting()


def test_connections_closed_by_an_operator_are_opened_again(
    database: Database, shop: dict[str, str], broker: VirtualHost, listener: Consumer
) -> None:
    put(database, mixed(EVENTS, TICKETS))

    with relay_at_work(shop) as relay:
        for part in (1, 2, 3):
            wait_until(lambda p=part: published(database) > p * 500, what="some events")  # type: ignore[misc]
            broker.server.close_all_connections()
        all_sent(database, relay)

    arrive_as_promised(database, listener)
