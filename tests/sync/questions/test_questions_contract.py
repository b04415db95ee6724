"""What every Questions promises: the same cases on the fake and on a real RabbitMQ."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass
from typing import Any

import pytest

from savctl.adapters.rabbitmq.broker import RabbitSettings
from savctl.adapters.rabbitmq.questions import RabbitQuestions
from savctl.domain.sync.questions import order_question
from savctl.ports import Question, Questions, ServiceReply
from tests.given import NOW
from tests.servers.brokers.rabbitmq import VirtualHost
from tests.servers.ports import LOOPBACK, free_port
from tests.sync.questions.fake_questions import FakeQuestions
from tests.sync.questions.responder import (
    Answers,
    Responder,
    found_order,
    nobody,
    orders_service,
    saying,
)

TIMEOUT = 0.5
SLACK = 0.3  # what connecting and a loaded machine may cost beside the timeout


@dataclass(kw_only=True)
class Outside:
    """Who asks, and how the orders service comes and answers."""

    questions: Questions
    serves: Callable[[Answers], None]


@pytest.fixture(params=["fake", "rabbitmq"])
def outside(request: pytest.FixtureRequest) -> Iterator[Outside]:
    with ExitStack() as stack:
        if request.param == "fake":
            yield _fake()
            return
        vhost = request.getfixturevalue("broker")

        def serves(answers: Answers) -> None:
            stack.enter_context(orders_service(vhost.url, answers))

        yield Outside(questions=RabbitQuestions(RabbitSettings(url=vhost.url)), serves=serves)


def _fake() -> Outside:
    fake = FakeQuestions()

    def serves(answers: Answers) -> None:
        def one(data: dict[str, Any]) -> dict[str, Any] | None:
            found = [json.loads(body) for body, mark in answers(data, "mine") if mark == "mine"]
            return found[0] if found else None

        fake.services["orders"] = one

    return Outside(questions=fake, serves=serves)


def about(*orders: int, exchange: str = "orders_exchange") -> list[Question]:
    return [
        Question(
            exchange=exchange,
            routing_key="orders.query.get",
            body=order_question(order, 456, at=NOW),
        )
        for order in orders
    ]


def timed(questions: Questions, *orders: int, **given: Any) -> tuple[list[ServiceReply], float]:
    began = time.monotonic()
    replies = questions.ask(about(*orders, **given), timeout=TIMEOUT)
    return replies, time.monotonic() - began


def test_each_question_gets_its_own_answer(outside: Outside) -> None:
    outside.serves(found_order())

    replies, _ = timed(outside.questions, 1, 2, 3)

    answered = [json.loads(reply.body or b"")["order"]["order_id"] for reply in replies]
    assert answered == [1, 2, 3]


def test_where_nobody_listens_the_answer_comes_at_once(outside: Outside) -> None:
    replies, seconds = timed(outside.questions, 1, exchange="nowhere")

    assert [(reply.body, reply.why_none) for reply in replies] == [(None, "nobody answers there")]
    assert seconds < TIMEOUT


def test_silence_ends_with_the_timeout(outside: Outside) -> None:
    outside.serves(lambda _, __: [])

    replies, seconds = timed(outside.questions, 1)

    assert [(reply.body, reply.why_none) for reply in replies] == [(None, "no answer in time")]
    assert seconds < TIMEOUT + SLACK


def test_the_answer_to_another_question_is_none(outside: Outside) -> None:
    outside.serves(lambda data, _: nobody(data, "somebody-elses"))

    assert timed(outside.questions, 1)[0][0].body is None


def test_of_two_answers_the_first_counts(outside: Outside) -> None:
    outside.serves(lambda data, mark: [*found_order()(data, mark), *nobody(data, mark)])

    (reply,), _ = timed(outside.questions, 1)

    assert json.loads(reply.body or b"")["found"] is True


@pytest.fixture
def rabbit(broker: VirtualHost) -> RabbitQuestions:
    return RabbitQuestions(RabbitSettings(url=broker.url))


def test_an_answer_that_comes_late_reaches_no_later_question(
    broker: VirtualHost, rabbit: RabbitQuestions
) -> None:
    service: Responder
    with orders_service(broker.url, saying(b'{"found": false}')) as service:
        service.delay = TIMEOUT + 0.2
        assert timed(rabbit, 1)[0][0].body is None
        service.delay, service.answers = 0.0, found_order()
        end = time.monotonic() + 20
        while len(service.asked) < 2 and time.monotonic() < end:
            (reply,), _ = timed(rabbit, 2)

        assert json.loads(reply.body or b"")["order"]["order_id"] == 2


def test_one_exchange_that_is_missing_takes_nothing_from_the_others(
    broker: VirtualHost, rabbit: RabbitQuestions
) -> None:
    with orders_service(broker.url, found_order()):
        asked = [*about(1, exchange="nowhere"), *about(2)]
        first, second = rabbit.ask(asked, timeout=5)

    assert (first.body, first.why_none) == (None, "nobody answers there")
    assert second.body is not None


def test_a_broker_that_is_away_or_frozen_is_a_reason_within_the_time(
    broker: VirtualHost, rabbit: RabbitQuestions
) -> None:
    absent = RabbitQuestions(RabbitSettings(url=f"amqp://sav:sav@{LOOPBACK}:{free_port()}/"))
    (reply,), seconds = timed(absent, 1)
    assert reply.body is None
    assert "does not answer" in reply.why_none
    assert seconds < TIMEOUT + SLACK

    broker.server.freeze()
    try:
        (reply,), seconds = timed(rabbit, 1)
    finally:
        broker.server.heal()
    assert reply.body is None
    assert seconds < TIMEOUT + SLACK


def test_fifty_that_ask_at_once_each_get_their_own_answer(
    broker: VirtualHost, rabbit: RabbitQuestions
) -> None:
    with orders_service(broker.url, found_order()), ThreadPoolExecutor(50) as pool:
        asked = [pool.submit(rabbit.ask, about(n), timeout=30) for n in range(1, 51)]
        bodies = [one.result()[0].body for one in asked]

    assert [json.loads(body or b"{}")["order"]["order_id"] for body in bodies] == [*range(1, 51)]
