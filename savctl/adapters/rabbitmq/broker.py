"""RabbitMQ: persistent, mandatory, confirmed in a window (rules 8.3; design 5.13).

Nothing here waits without a limit: connecting, a blocked connection and a silent peer all end
in `BrokerGone`.
"""

from __future__ import annotations

import logging
import ssl
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import pika

from savctl.adapters.rabbitmq.errors import translating_errors
from savctl.adapters.rabbitmq.publisher import APP_ID, EXCHANGE, PublisherOptions, RabbitPublisher
from savctl.domain.events.publish_window import Window
from savctl.errors import ConfigurationError
from savctl.shared_part import shared_part

__all__ = ["APP_ID", "EXCHANGE", "RabbitBroker", "RabbitPublisher", "RabbitSettings"]

logging.getLogger("pika").setLevel(logging.CRITICAL)  # every failure is reported in our words


@dataclass(frozen=True, slots=True, kw_only=True)
class RabbitSettings:
    """How to reach the broker; `url` holds the password and is never shown."""

    url: str
    window: int = 500
    declares: bool = False
    largest_bytes: int = 16 * 1024 * 1024
    connect_seconds: float = 10
    blocked_seconds: float = 60
    heartbeat_seconds: int = 30
    ca_file: str | None = None
    cert_file: str | None = None
    key_file: str | None = None


class RabbitBroker:
    """The service's exchange on a RabbitMQ server."""

    def __init__(self, settings: RabbitSettings) -> None:
        self._settings = settings
        address = _parsed(settings.url)
        self.name = f"{address.host}:{address.port}"

    @shared_part
    def _parameters(self) -> pika.URLParameters:
        """Made when a line is opened: jobs that need none do not mind a missing certificate."""
        return parameters_of(self._settings)

    def connect(self, *, held: Iterable[int] = ()) -> RabbitPublisher:
        """Open a line, once the exchange has been checked."""
        if self._settings.declares:
            self.declare()
        else:
            self.check()
        window = Window(self._settings.window, held=held)
        terms = PublisherOptions(
            connect_seconds=self._settings.connect_seconds,
            largest_bytes=self._settings.largest_bytes,
        )
        return RabbitPublisher(self._parameters, terms, window, self.name).open()

    def declare(self) -> None:
        """Make the durable topic exchange, if it is not there."""
        self._exchange(passive=False)

    def check(self) -> None:
        """Pass when the exchange is there."""
        self._exchange(passive=True)

    def _exchange(self, *, passive: bool) -> None:
        with translating_errors(self.name, EXCHANGE):
            connection = pika.BlockingConnection(self._parameters)
            try:
                connection.channel().exchange_declare(
                    EXCHANGE, exchange_type="topic", durable=True, passive=passive
                )
            finally:
                if connection.is_open:
                    connection.close()


def parameters_of(settings: RabbitSettings) -> pika.URLParameters:
    """How pika connects; nothing waits without a limit."""
    parameters = _parsed(settings.url)
    parameters.heartbeat = settings.heartbeat_seconds
    parameters.blocked_connection_timeout = settings.blocked_seconds
    parameters.socket_timeout = settings.connect_seconds
    parameters.stack_timeout = settings.connect_seconds
    parameters.connection_attempts = 1
    parameters.client_properties = {"product": APP_ID, "connection_name": APP_ID}
    if parameters.ssl_options is not None:
        parameters.ssl_options = _tls(settings, parameters.host)
    return parameters


def _parsed(url: str) -> pika.URLParameters:
    try:
        return pika.URLParameters(url)
    except (ValueError, TypeError, KeyError):
        raise ConfigurationError("broker_url is not an amqp:// or amqps:// address") from None


def _tls(settings: RabbitSettings, host: str) -> pika.SSLOptions:
    with _naming("broker_ca_file", settings.ca_file):
        context = ssl.create_default_context(cafile=settings.ca_file)
    if settings.cert_file:
        with _naming("broker_cert_file, broker_key_file", settings.cert_file):
            context.load_cert_chain(settings.cert_file, settings.key_file)
    return pika.SSLOptions(context, host)


@contextmanager
def _naming(setting: str, file: str | None) -> Iterator[None]:
    """Python's own message names neither the file nor the fault."""
    try:
        yield
    except ssl.SSLError as problem:
        raise ConfigurationError(f"{setting} {file}: no such key or certificate") from problem
    except OSError as problem:
        raise ConfigurationError(f"{setting} {file}: {problem.strerror}") from problem
