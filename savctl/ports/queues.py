"""What is needed of a broker to receive what other services send (rules 14)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from savctl.errors import ConfigurationError


class QueueMissing(ConfigurationError):
    """A queue is not there: nobody made it, or somebody deleted it."""

    code = "queue_missing"


@dataclass(frozen=True, slots=True, kw_only=True)
class Binding:
    """A queue and what arrives in it."""

    queue: str
    exchange: str
    routing_key: str


@dataclass(frozen=True, slots=True, kw_only=True)
class QueueMessage:
    """A message that was delivered and not acknowledged yet; `tag` is the line's name of it."""

    queue: str
    tag: int
    body: bytes
    message_id: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class QueueState:
    """A queue as the broker reports it.

    `messages` wait for delivery; `oldest` is the first of them, if there is one.
    """

    queue: str
    messages: int
    consumers: int
    oldest: bytes | None = None


class Receiver(Protocol):
    """An open line on which messages arrive. What is not acknowledged is delivered again."""

    def receive(self, *, most: int, wait_seconds: float) -> list[QueueMessage]:
        """The next messages, oldest first; waits for the first at most so long.

        Raises:
            BrokerUnavailable: the line is broken.
            QueueMissing: a queue was deleted.
        """
        ...

    def acknowledge(self, messages: Sequence[QueueMessage]) -> None:
        """They are done: the broker forgets them. With them all that were delivered earlier.

        Raises:
            BrokerUnavailable: the line is broken; they are delivered again.
        """

    def waiting(self) -> int:
        """How many messages wait in the queues for delivery."""
        ...

    def close(self) -> None:
        """Close the line; what was not acknowledged goes back to its queue."""


class Queues(Protocol):
    """The queues of a broker."""

    name: str

    def listen(self, queues: Sequence[str], *, prefetch: int) -> Receiver:
        """Open a line; at most `prefetch` messages of each queue are under way, 0: no limit.

        Raises:
            BrokerUnavailable: nobody answers.
            QueueMissing: a queue is not there.
        """
        ...

    def set_up(self, bindings: Sequence[Binding], *, exchanges: bool) -> None:
        """Make the queues durable and bind them; what is there already stays as it is.

        With `exchanges` missing exchanges are made as well.

        Raises:
            BrokerUnavailable: nobody answers, or an exchange is missing, which it names.
        """

    def states(self, queues: Sequence[str]) -> list[QueueState | None]:
        """How each queue is; None for one that is not there.

        Raises:
            BrokerUnavailable: nobody answers.
        """
        ...

    def put(self, queue: str, body: bytes, *, message_id: str) -> None:
        """Put a message into a queue, persistent; comes back when the broker has it.

        Raises:
            BrokerUnavailable: nobody answers, or the broker did not take it.
            QueueMissing: the queue is not there.
        """
