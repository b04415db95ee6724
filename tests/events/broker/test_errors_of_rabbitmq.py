"""pika's failures in an operator's words: what to mend, and what only has to be waited for."""

from __future__ import annotations

import pytest
from pika import exceptions as pika

from savctl.adapters.rabbitmq.errors import translate_error
from savctl.errors import ConfigurationError, ExitCode, NotPermitted
from savctl.ports import BrokerUnavailable, ExchangeMissing

BY_BROKER = pika.ConnectionClosedByBroker
LOST = repr(pika.StreamLostError("Stream connection lost"))


@pytest.mark.parametrize(
    ("problem", "expected", "words"),
    [
        (
            pika.ProbableAuthenticationError(repr(BY_BROKER(403, "ACCESS_REFUSED"))),
            NotPermitted,
            "refuses the login: wrong user or password (403: ACCESS_REFUSED)",
        ),
        (pika.ProbableAuthenticationError(LOST), BrokerUnavailable, "during the login"),
        (
            pika.ProbableAccessDeniedError(
                repr(BY_BROKER(530, "NOT_ALLOWED - vhost x not found"))
            ),
            NotPermitted,
            "refuses the virtual host: NOT_ALLOWED - vhost x not found",
        ),
        (
            pika.ProbableAccessDeniedError(repr(BY_BROKER(541, "INTERNAL_ERROR"))),
            BrokerUnavailable,
            "during the login",
        ),
        (pika.ProbableAccessDeniedError(LOST), BrokerUnavailable, "during the login"),
        (pika.IncompatibleProtocolError(LOST), BrokerUnavailable, "before it greeted"),
        (
            BY_BROKER(320, "CONNECTION_FORCED - bye"),
            BrokerUnavailable,
            "320 CONNECTION_FORCED - bye",
        ),
        (pika.StreamLostError("x"), BrokerUnavailable, "the connection was lost"),
        (pika.AMQPHeartbeatTimeout("x"), BrokerUnavailable, "no heartbeat"),
        (pika.ConnectionBlockedTimeout("x"), BrokerUnavailable, "memory or disk alarm"),
        (
            ConnectionRefusedError(111, "Connection refused"),
            BrokerUnavailable,
            "does not answer (ECONNREFUSED: Connection refused)",
        ),
        (pika.ChannelClosedByBroker(404, "NOT_FOUND"), ExchangeMissing, "has no exchange"),
        (pika.ChannelClosedByBroker(403, "ACCESS_REFUSED - x"), NotPermitted, "ACCESS_REFUSED"),
        (pika.ChannelClosedByBroker(406, "PRECONDITION"), ConfigurationError, "PRECONDITION"),
        (
            pika.ChannelClosedByBroker(541, "INTERNAL_ERROR"),
            BrokerUnavailable,
            "541 INTERNAL_ERROR",
        ),
    ],
    ids=str,
)
def test_a_failure_is_reported_by_what_it_asks_of_the_operator(
    problem: Exception, expected: type[Exception], words: str
) -> None:
    text = translate_error(problem, "mq:5672", "sav_exchange")

    assert type(text) is expected
    assert text.message.startswith("the broker mq:5672")
    assert words in text.message
    if expected is BrokerUnavailable:
        assert text.exit_code is ExitCode.UNAVAILABLE
        assert text.hint
