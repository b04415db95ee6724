"""pika's failures in an operator's words; no text here knows the password."""

from __future__ import annotations

import re
import ssl
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

from pika.adapters.utils.connection_workflow import (
    AMQPConnectorException,
    AMQPConnectorStackTimeout,
)
from pika.exceptions import (
    AMQPError,
    AMQPHeartbeatTimeout,
    ChannelClosedByBroker,
    ConnectionBlockedTimeout,
    ConnectionClosedByBroker,
    IncompatibleProtocolError,
    ProbableAccessDeniedError,
    ProbableAuthenticationError,
    StreamLostError,
)

from savctl.errors import ConfigurationError, NotPermitted, SavError
from savctl.network_errors import network_words
from savctl.ports import BrokerUnavailable, ExchangeMissing

_LONGEST = 500
_EVENTS_WAIT = "Events wait meanwhile."
_TOO_LARGE = re.compile(r"larger than (?:configured )?max size (\d+)")
_BROKE: Mapping[type[Exception], str] = {
    AMQPConnectorStackTimeout: "accepts connections and does not answer",
    AMQPHeartbeatTimeout: "fell silent: no heartbeat arrived",
    IncompatibleProtocolError: "ended the line before it greeted",
    ProbableAuthenticationError: "ended the line during the login",
    ProbableAccessDeniedError: "ended the line during the login",
    ConnectionBlockedTimeout: "asked to wait for too long (a memory or disk alarm)",
    StreamLostError: "is gone: the connection was lost",
}
_TLS_LINE_BROKE = (ssl.SSLEOFError, ssl.SSLZeroReturnError, ssl.SSLSyscallError)


@contextmanager
def translating_errors(broker: str, exchange: str, *, waits: str = _EVENTS_WAIT) -> Iterator[None]:
    """Translate what pika raises inside; `waits` is what becomes of messages meanwhile."""
    try:
        yield
    except (AMQPError, AMQPConnectorException, OSError) as problem:
        raise translate_error(problem, broker, exchange, waits=waits) from problem


def size_limit(problem: object) -> int | None:
    """The most bytes that the broker takes, if it closed the channel over a larger message."""
    if isinstance(problem, ChannelClosedByBroker) and problem.reply_code == 406:
        found = _TOO_LARGE.search(problem.reply_text)
        return int(found[1]) if found else None
    return None


def translate_error(
    problem: object, broker: str, exchange: str, *, waits: str = _EVENTS_WAIT
) -> SavError:
    """A failure of pika as an error of savctl."""
    causes = _causes(problem)
    for cause in causes:
        found = _known(cause, broker, exchange)
        if found is not None:
            return found
    return BrokerUnavailable(
        f"the broker {broker} {_what_broke(problem, causes)}"[:_LONGEST],
        hint=f"Is it up, and are host, port and amqp:// or amqps:// right? {waits}",
    )


def _what_broke(problem: object, causes: Sequence[BaseException]) -> str:
    """What the broker did, or did not do."""
    for cause in causes:
        for kind, words in _BROKE.items():
            if isinstance(cause, kind):
                return words
        if isinstance(cause, ConnectionClosedByBroker | ChannelClosedByBroker):
            return f"closed the line: {cause.reply_code} {cause.reply_text}"
        if isinstance(cause, OSError) and cause.strerror:
            return f"does not answer ({network_words(cause)})"
    return f"does not answer: {problem}"


def _known(cause: BaseException, broker: str, exchange: str) -> SavError | None:
    """A failure that waiting does not mend."""
    match cause:
        case ProbableAuthenticationError() if _closed_with(cause, 403):
            return NotPermitted(
                f"the broker {broker} refuses the login: wrong user or password "
                f"(403: {_closed_with(cause, 403)})",
                hint="Check RABBITMQ_USER and RABBITMQ_PASSWORD: savctl config show.",
            )
        case ProbableAccessDeniedError() if _closed_with(cause, 530):
            return NotPermitted(
                f"the broker {broker} refuses the virtual host: {_closed_with(cause, 530)}",
                hint="Is it there, and may this user enter it?",
            )
        case ChannelClosedByBroker():
            return _closed_channel(cause, broker, exchange)
        case ssl.SSLError() if not isinstance(cause, _TLS_LINE_BROKE):
            return _refused_tls(cause, broker)
    return None


def _closed_with(cause: AMQPError, code: int) -> str | None:
    """What the broker reported with this code. "Probable": pika uses it for any line that is cut
    during the login as well, and a cut line is no wrong password."""
    found = re.search(rf"ConnectionClosedByBroker: \({code}\) (.*)", str(cause))
    return found[1].strip("'\"") if found else None


def _closed_channel(cause: ChannelClosedByBroker, broker: str, exchange: str) -> SavError | None:
    message = f"the broker {broker}: {cause.reply_code} {cause.reply_text}"[:_LONGEST]
    return {
        403: NotPermitted(message, hint="Grant this user the permission (rabbitmqctl)."),
        404: ExchangeMissing(
            f"the broker {broker} has no exchange {exchange}", hint="Run 'savctl event setup'."
        ),
        406: ConfigurationError(message),
    }.get(cause.reply_code)


def _refused_tls(cause: ssl.SSLError, broker: str) -> SavError:
    message, hint = f"the broker {broker}: TLS failed: {cause.reason}", None
    if isinstance(cause, ssl.SSLCertVerificationError):
        message = f"{message}: {cause.verify_message}"
        hint = "SAVCTL_BROKER_CA_FILE names the authority that signed its certificate."
    elif cause.reason == "WRONG_VERSION_NUMBER":
        hint = "That port speaks no TLS: amqps:// is mostly at 5671, amqp:// at 5672."
    return ConfigurationError(message, hint=hint)


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
