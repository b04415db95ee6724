"""The order and the customer of a new ticket are asked for, and no answer is no obstacle."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable
from typing import Any

import pytest

from savctl.persistence.engine import Database
from tests.conftest import Cli
from tests.given import rows, write
from tests.servers.brokers.rabbitmq import VirtualHost
from tests.sync.conftest import Answer
from tests.sync.questions.responder import (
    Answers,
    auth_service,
    found_order,
    found_user,
    nobody,
    orders_service,
    saying,
)

TIMEOUT = 0.5
pytestmark = pytest.mark.only_on("sqlite")
CREATE = ("ticket", "create", "--user", 456, "--subject", "s", "--description", "d")
WITH_ORDER = (*CREATE, "--order", 789)


@pytest.fixture(autouse=True)
def _quick(monkeypatch: pytest.MonkeyPatch, database: Database) -> None:
    monkeypatch.setenv("SAVCTL_ORDER_CHECK_TIMEOUT", "1s")
    write(database, "INSERT INTO users VALUES (456, 'a@b.c', 'Ada', 'Byron')")


def metadata(row: Any) -> dict[str, Any]:
    found: dict[str, Any] = row["metadata"]
    return found


def test_a_valid_order_enriches_the_ticket_and_decides_its_priority(
    answered: Answer, broker: VirtualHost
) -> None:
    with orders_service(broker.url, found_order(total=600, status="shipped")) as service:
        made = answered(*WITH_ORDER)

    assert service.asked[0]["event"] == "OrderQuery"
    assert service.asked[0]["data"] == {"order_id": 789, "user_id": 456}
    assert made["priority"] == "high"
    found = metadata(made)
    assert found["order_check"] == "valid"
    assert found["priority_reasons"] == ["order value over 500 EUR: high"]
    assert {**found["order"], "as_of": None} == {
        "order_id": 789,
        "status": "shipped",
        "total": 600,
        "currency": "EUR",
        "payment_status": None,
        "delivered_at": None,
        "as_of": None,
    }


def test_a_failed_payment_makes_it_urgent_and_another_currency_counts_for_nothing(
    answered: Answer, broker: VirtualHost
) -> None:
    with orders_service(broker.url, found_order(payment_status="failed")) as service:
        urgent = answered(*WITH_ORDER)
        service.answers = found_order(total=9_000, currency="USD")
        usual = answered(*WITH_ORDER)

    assert (urgent["priority"], metadata(urgent)["payment_failed"]) == ("urgent", True)
    assert usual["priority"] == "medium"


@pytest.mark.parametrize("answers", [nobody, found_order(user_id=999)])
def test_an_order_that_is_not_the_customers_is_refused_and_its_owner_is_not_named(
    answered: Answer, broker: VirtualHost, database: Database, answers: Answers
) -> None:
    with orders_service(broker.url, answers):
        problem = answered(*WITH_ORDER, code=5)["error"]

    assert problem["code"] == "order_unknown"
    assert "999" not in json.dumps(problem)
    assert rows(database, "SELECT id FROM support_tickets") == []


@pytest.mark.slow("an answer that does not come is waited for")
@pytest.mark.parametrize(
    "answers",
    [
        saying(b"rubbish"),
        saying(b"{}"),
        saying(b'{"found": 1}'),
        saying(b'{"found": true}'),
        found_order(order_id=1),
        found_order(total="much"),
        lambda _, __: [],
        lambda data, _: nobody(data, "another-question"),
    ],
)
def test_without_an_answer_that_fits_the_ticket_is_made_and_its_check_waits(
    cli: Cli, answered: Answer, broker: VirtualHost, answers: Answers
) -> None:
    with orders_service(broker.url, answers):
        began = time.monotonic()
        made = cli(*WITH_ORDER, "-o", "json")

    assert made.code == 0
    assert "its check is pending" in made.err
    found = metadata(json.loads(made.out))
    assert found["order_check"] == "pending"
    assert "order" not in found
    assert time.monotonic() - began < 20


def test_nobody_there_no_broker_and_a_wish_to_skip_leave_the_check_pending(
    answered: Answer, broker: VirtualHost, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert metadata(answered(*WITH_ORDER))["order_check"] == "pending"
    monkeypatch.setenv("SAVCTL_BROKER_URL", "amqp://sav:sav@127.0.0.1:1/")
    assert metadata(answered(*WITH_ORDER))["order_check"] == "pending"

    with orders_service(broker.url, found_order()) as service:
        monkeypatch.setenv("SAVCTL_BROKER_URL", broker.url)
        skipped = answered(*WITH_ORDER, "--skip-order-check")

    assert metadata(skipped)["order_check"] == "pending"
    assert service.asked == []


def test_without_an_order_a_broker_or_the_wish_nothing_is_asked_or_marked(
    answered: Answer, broker: VirtualHost, monkeypatch: pytest.MonkeyPatch
) -> None:
    with orders_service(broker.url, found_order()) as service:
        plain = answered(*CREATE)
        monkeypatch.setenv("SAVCTL_ORDER_CHECK", "off")
        off = answered(*WITH_ORDER)
        monkeypatch.delenv("SAVCTL_BROKER_URL")
        monkeypatch.setenv("SAVCTL_ORDER_CHECK", "auto")
        without_broker = answered(*WITH_ORDER)

    assert service.asked == []
    for made in (plain, off, without_broker):
        assert "order_check" not in metadata(made)


def test_a_repeated_request_asks_nothing_and_answers_the_first_ticket(
    answered: Answer, broker: VirtualHost
) -> None:
    words = (*WITH_ORDER, "--idempotency-key", "k-1")
    with orders_service(broker.url, found_order()) as service:
        first = answered(*words)
        service.answers = nobody
        again = answered(*words)

    assert again["id"] == first["id"]
    assert again["replayed"] is True
    assert len(service.asked) == 1


def test_a_customer_who_is_not_known_is_asked_for_and_kept(
    answered: Answer, cli: Cli, broker: VirtualHost, database: Database
) -> None:
    new = ("ticket", "create", "--user", 7, "--subject", "s", "--description", "d")
    with auth_service(broker.url, found_user()) as service:
        answered(*new)
        answered(*new)
        assert [one["data"] for one in service.asked] == [{"user_id": 7}]
        service.answers = nobody
        unknown = cli(*(8 if word == 7 else word for word in new))

    found = rows(database, "SELECT id, email FROM users WHERE id <> 456")
    assert found == [{"id": 7, "email": "ada@example.org"}]
    assert unknown.code == 0
    assert "user 8 is not in the users table yet" in unknown.err


def test_files_and_a_dry_run_ask_as_well(
    answered: Answer, broker: VirtualHost, database: Database, tmp_path: Any
) -> None:
    (tmp_path / "a.txt").write_text("hello")
    with orders_service(broker.url, found_order(total=600)) as service:
        dry = answered(*WITH_ORDER, "--dry-run")
        made = answered(*WITH_ORDER, "--attach", tmp_path / "a.txt")

    assert len(service.asked) == 2
    assert (dry["priority"], made["priority"]) == ("high", "high")
    assert metadata(made)["order_check"] == "valid"
    assert len(rows(database, "SELECT id FROM support_tickets")) == 1


def test_show_tells_what_is_known_of_the_order_and_how_old_that_is(
    answered: Answer, cli: Cli, broker: VirtualHost
) -> None:
    with orders_service(broker.url, found_order(status="shipped")):
        number = answered(*WITH_ORDER)["ticket_number"]

    page = cli("ticket", "show", number).out

    assert "789: shipped, 120.5 EUR, as of" in page
    assert "ago); checked" in page or "; checked" in page


def test_no_transaction_is_open_while_an_answer_is_awaited(
    answered: Answer, broker: VirtualHost, database: Database, in_thread: Callable[..., Any]
) -> None:
    """SQLite has one writer: a second one would wait for the first."""
    with orders_service(broker.url, found_order()) as service:
        service.delay = 0.8
        waiting = in_thread(lambda: answered(*WITH_ORDER))
        end = time.monotonic() + 20
        while not service.asked and time.monotonic() < end:
            time.sleep(0.005)
        began = time.monotonic()
        write(database, "UPDATE users SET lastname = 'King'")
        seconds = time.monotonic() - began
        waiting.join(20)

    assert service.asked
    assert seconds < 0.5


@pytest.fixture
def in_thread() -> Callable[..., threading.Thread]:
    def start(work: Callable[[], object]) -> threading.Thread:
        thread = threading.Thread(target=work, daemon=True)
        thread.start()
        return thread

    return start
