"""`savctl sync setup` and `sync consume` on a real broker."""

from __future__ import annotations

import json
import threading
from typing import Any

import pytest

from savctl.adapters.rabbitmq.broker import RabbitSettings
from savctl.adapters.rabbitmq.queues import RabbitQueues
from savctl.bootstrap import App
from savctl.config import load
from savctl.domain.clock import FAR_AWAY
from savctl.persistence.engine import Database
from savctl.scheduling.job import find_job
from savctl.scheduling.runner import Start, run_job
from tests.crash.processes import wait_until
from tests.given import rows
from tests.servers.brokers.rabbitmq import VirtualHost
from tests.servers.ports import LOOPBACK, free_port
from tests.sync.conftest import Answer
from tests.sync.outside import Service, gone, order, user


def test_setup_makes_and_binds_two_queues_and_may_be_done_again(
    answered: Answer, service: Service
) -> None:
    service.send(user())

    found = answered("sync", "setup")

    assert [(one["queue"], one["exchange"], one["routing_key"]) for one in found] == [
        ("sav.users", "auth_exchange", "auth.user.*"),
        ("sav.orders", "orders_exchange", "orders.order.*"),
    ]
    assert answered("sync", "consume", "--once")["received"] == 1


def test_setup_names_the_exchange_that_is_missing(answered: Answer) -> None:
    problem = answered("sync", "setup", code=8)

    assert "auth_exchange" in problem["error"]["message"]


def test_users_and_poison_are_taken_in_and_acknowledged(
    answered: Answer, service: Service, database: Database
) -> None:
    for body in (user(event="UserCreated"), user(7), gone(8), b"poison", b'{"event": "UserSaw"}'):
        service.send(body)
    service.send(order())

    counts = answered("sync", "consume", "--once")
    again = answered("sync", "consume", "--once")

    assert (counts["received"], counts["applied"]) == (6, 4)
    assert (counts["dead"], counts["unknown"], counts["failed"]) == (1, 1, 0)
    assert again["received"] == 0
    assert [row["id"] for row in rows(database, "SELECT id FROM users ORDER BY id")] == [7, 456]


@pytest.mark.only_on("sqlite")
def test_max_ends_a_consumer_early_and_a_dry_run_takes_nothing(
    answered: Answer, service: Service, database: Database
) -> None:
    for number in range(1, 6):
        service.send(user(number))

    dry = answered("sync", "consume", "--dry-run")
    assert (dry["received"], dry["applied"]) == (5, 5)
    assert len(rows(database, "SELECT id FROM users")) == 0
    assert answered("sync", "consume", "--once", "--max", 2)["received"] == 2
    assert answered("sync", "consume", "--once")["received"] == 3
    assert len(rows(database, "SELECT id FROM users")) == 5


@pytest.mark.only_on("sqlite")
def test_the_job_takes_in_what_waits(
    answered: Answer, service: Service, database: Database
) -> None:
    service.send(user())
    service.send(b"poison")

    report = answered("job", "run", "sync-consume")

    assert (report["seen"], report["changed"], report["failed"]) == (2, 1, 0)
    assert report["details"]["dead"] == 1
    assert len(rows(database, "SELECT id FROM users")) == 1


@pytest.mark.only_on("sqlite")
def test_a_missing_queue_a_missing_broker_and_none_at_all_have_their_own_exit_codes(
    answered: Answer, monkeypatch: Any
) -> None:
    missing = answered("sync", "consume", "--once", code=2)
    assert "sync setup" in missing["error"]["hint"]

    monkeypatch.setenv("SAVCTL_BROKER_URL", f"amqp://sav:sav@{LOOPBACK}:{free_port()}/")
    assert answered("sync", "consume", "--once", code=8)["error"]["code"] == "broker_unavailable"

    monkeypatch.delenv("SAVCTL_BROKER_URL")
    assert "SAVCTL_BROKER_URL" in answered("sync", "consume", "--once", code=2)["error"]["hint"]
    idle = answered("job", "run", "sync-consume")
    assert idle["seen"] == 0


@pytest.mark.only_on("sqlite")
def test_a_slot_by_cron_where_no_queue_was_made_is_no_failure(answered: Answer) -> None:
    answered("job", "run", "sync-consume", "--due")

    (run,) = answered("job", "history", "sync-consume")

    assert (run["status"], run["seen"]) == ("ok", 0)


@pytest.mark.only_on("sqlite")
def test_a_steady_consumer_waits_for_its_queues_and_for_the_broker(
    answered: Answer, broker: VirtualHost, database: Database
) -> None:
    """The scheduler's form: it stays until its next slot, whatever is missing meanwhile."""
    app = App(load({"SAVCTL_DATABASE_URL": str(database.url), "HOME": "."}))
    queues = RabbitQueues(RabbitSettings(url=broker.url))
    app.__dict__.update(raw_database=database, database=database, queues=queues)
    stop = threading.Event()
    start = Start(run_until=FAR_AWAY, should_stop=stop.is_set)
    job = threading.Thread(target=run_job, args=(find_job("sync-consume"), app, start))
    job.start()
    try:
        answered("sync", "setup", "--exchanges")
        for body in (user(1), user(2)):
            service = Service(broker.url)
            service.send(body)
            service.close()
            number = json.loads(body)["data"]["user_id"]
            query = f"SELECT id FROM users WHERE id = {number}"
            wait_until(lambda query=query: rows(database, query), what=f"user {number}")  # type: ignore[misc]
            broker.server.close_all_connections()
    finally:
        stop.set()
        job.join(30)
    assert not job.is_alive()
