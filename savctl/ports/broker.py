"""What the relay needs of a broker."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from savctl.domain.events.publish_window import BrokerVerdict, OutboxEvent
from savctl.errors import ConfigurationError, Unavailable


class BrokerUnavailable(Unavailable):
    """The broker does not answer, or the connection broke; what was not confirmed goes again."""

    code = "broker_unavailable"


class ExchangeMissing(ConfigurationError):
    """The exchange is not there: nobody made it, or somebody deleted it."""

    code = "exchange_missing"


@dataclass(frozen=True, slots=True)
class Settled:
    """What became of one event: a verdict, or None when it was held back behind another."""

    id: int
    verdict: BrokerVerdict | None
    reason: str = ""


class Publisher(Protocol):
    """An open line to the broker. Events of one ticket arrive in the order they were sent.

    Usable as a context manager; leaving it closes the line.
    """

    def send(self, events: Sequence[OutboxEvent]) -> None:
        """Hand events over, oldest first; answers at once."""

    def settled(self, *, wait_seconds: float) -> list[Settled]:
        """What has been settled since the last call, waiting for the first at most so long.

        Raises:
            BrokerGone: the line is broken; everything not settled so far was not confirmed.
        """
        ...

    def close(self) -> None:
        """Close the line; nothing more is sent."""


class Broker(Protocol):
    """Where events go."""

    name: str

    def connect(self, *, held: Iterable[int]) -> Publisher:
        """Open a line; events of the `held` tickets are not sent on it.

        Raises:
            BrokerGone: nobody answers.
            ConfigurationError: the exchange is missing, or the login is refused.
        """
        ...

    def declare(self) -> None:
        """Make the exchange if it is not there; nothing is changed when it is.

        Raises:
            BrokerGone: nobody answers.
            ConfigurationError: there is one of another kind.
        """

    def check(self) -> None:
        """Pass when the exchange is there. Its kind cannot be seen without the right to make it.

        Raises:
            BrokerGone: nobody answers.
            ConfigurationError: the exchange is missing.
        """

    def check_each(self) -> Mapping[str, BrokerUnavailable | None]:
        """Check every node of a cluster by its name; why those that do not answer do not.

        Raises:
            ConfigurationError: the exchange is missing.
        """
        ...
