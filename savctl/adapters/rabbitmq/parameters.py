"""How pika connects to one node of the broker; nothing waits without a limit."""

from __future__ import annotations

import re
import ssl
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import pika

from savctl.adapters.rabbitmq.publisher import APP_ID
from savctl.errors import ConfigurationError

_BETWEEN = re.compile(r",\s*(?=amqps?://)")  # a password may hold a comma


@dataclass(frozen=True, slots=True, kw_only=True)
class RabbitSettings:
    """How to reach the broker; `url` holds passwords and is never shown.

    It names one node, or several with commas between them.
    """

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

    @property
    def urls(self) -> tuple[str, ...]:
        """The address of each node."""
        return tuple(_BETWEEN.split(self.url))


def parameters_of(settings: RabbitSettings, url: str) -> pika.URLParameters:
    """How pika connects to this node; nothing waits without a limit."""
    parameters = parsed(url)
    parameters.heartbeat = settings.heartbeat_seconds
    parameters.blocked_connection_timeout = settings.blocked_seconds
    parameters.socket_timeout = settings.connect_seconds
    parameters.stack_timeout = settings.connect_seconds
    parameters.connection_attempts = 1
    parameters.client_properties = {"product": APP_ID, "connection_name": APP_ID}
    if parameters.ssl_options is not None:
        parameters.ssl_options = _tls(settings, parameters.host)
    return parameters


def parsed(url: str) -> pika.URLParameters:
    """The parts of one address.

    Raises:
        ConfigurationError: it is none.
    """
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
