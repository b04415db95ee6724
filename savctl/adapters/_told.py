"""pika's failures in an operator's words; no text here knows the password."""

from __future__ import annotations

import re
import ssl
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from pika.adapters.utils.connection_workflow import (
    AMQPConnectorException,
    AMQPConnectorStackTimeout,
)
from pika.exceptions import (
    AMQPError,
    ChannelClosedByBroker,
    ProbableAccessDeniedError,
    ProbableAuthenticationError,
)

from savctl.errors import ConfigurationError, NotPermitted, SavError
from savctl.ports import BrokerGone, ExchangeMissing

_LONGEST = 500
_TOO_LARGE = re.compile(r"larger than (?:configured )?max size (\d+)")
_TLS_LINE_BROKE = (ssl.SSLEOFError, ssl.SSLZeroReturnError, ssl.SSLSyscallError)


@contextmanager
def in_words(broker: str, exchange: str) -> Iterator[None]:
    """Translate what pika raises inside."""
    try:
        yield
    except (AMQPError, AMQPConnectorException, OSError) as problem:
        raise told(problem, broker, exchange) from problem


def size_limit(problem: object) -> int | None:
    """The most bytes that the broker takes, if it closed the channel over a larger message."""
    if isinstance(problem, ChannelClosedByBroker) and problem.reply_code == 406:
        found = _TOO_LARGE.search(problem.reply_text)
        return int(found[1]) if found else None
    return None


def told(problem: object, broker: str, exchange: str) -> SavError:
    """A failure of pika, as it is to be told."""
    causes = _causes(problem)
    for cause in causes:
        found = _known(cause, broker, exchange)
        if found is not None:
            return found
    said = str(problem)
    for cause in causes:
        if isinstance(cause, OSError) and cause.strerror:
            said = cause.strerror
    if any(isinstance(cause, AMQPConnectorStackTimeout) for cause in causes):
        said = "it accepts connections and says nothing"
    return BrokerGone(f"the broker {broker} does not answer: {said}"[:_LONGEST])


def _known(cause: BaseException, broker: str, exchange: str) -> SavError | None:
    """A failure that waiting does not mend."""
    if isinstance(cause, ProbableAuthenticationError | ProbableAccessDeniedError):
        return NotPermitted(f"the broker {broker} refuses the login or the virtual host")
    if isinstance(cause, ChannelClosedByBroker) and cause.reply_code == 404:
        return ExchangeMissing(
            f"the broker {broker} has no exchange {exchange}", hint="Run savctl event setup."
        )
    if isinstance(cause, ChannelClosedByBroker) and cause.reply_code == 403:
        return NotPermitted(f"the broker {broker}: {cause.reply_text}"[:_LONGEST])
    if isinstance(cause, ChannelClosedByBroker) and cause.reply_code == 406:
        return ConfigurationError(f"the broker {broker}: {cause.reply_text}"[:_LONGEST])
    if isinstance(cause, ssl.SSLError) and not isinstance(cause, _TLS_LINE_BROKE):
        return ConfigurationError(f"the broker {broker}: TLS failed: {cause.reason}")
    return None


def _causes(problem: object) -> list[BaseException]:
    found: list[BaseException] = []
    todo: list[Any] = [problem]
    while todo and len(found) < 20:
        one = todo.pop()
        if isinstance(one, BaseException):
            found.append(one)
            todo += [one.__cause__, *one.args, *getattr(one, "exceptions", ())]
            todo.append(getattr(one, "exception", None))
    return found
