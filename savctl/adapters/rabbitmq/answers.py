"""Gives up a broker that answers heartbeats and nothing else: pika waits for it without a limit.

What ends a connection at once, without a word from the broker, has no public name in pika.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from typing import Any

from pika.adapters.utils.connection_workflow import AMQPConnectorStackTimeout


def give_up(connection: Any) -> None:
    """End an asynchronous connection; its callback for a lost connection gets the reason."""
    connection._terminate_stream(AMQPConnectorStackTimeout("no answer in time"))  # noqa: SLF001


@contextmanager
def answered_within(connection: Any, seconds: float) -> Iterator[None]:
    """What is asked inside over a blocking connection is answered in this time, all of it.

    Raises:
        AMQPConnectorStackTimeout: it is not; the connection has been ended.
    """
    inner = connection._impl  # noqa: SLF001
    timer = inner.ioloop.call_later(seconds, partial(give_up, inner))
    try:
        yield
    finally:
        if connection.is_open:
            inner.ioloop.remove_timeout(timer)
