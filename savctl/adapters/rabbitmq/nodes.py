"""The nodes of one broker: `broker_url` may name several, which are tried in turn (rules 19.4)."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import TypeVar

import pika

from savctl.adapters.rabbitmq.parameters import RabbitSettings, parameters_of, parsed
from savctl.ports import BrokerUnavailable
from savctl.shared_part import shared_part

T = TypeVar("T")
_OF_SEVERAL_SECONDS = 3.0  # a node that is silent must not keep the others from being tried


class Nodes:
    """Opens lines to whichever node answers; the one that answered last is tried first."""

    def __init__(self, settings: RabbitSettings) -> None:
        self._settings = settings
        addresses = [parsed(url) for url in settings.urls]
        self.names = tuple(f"{one.host}:{one.port}" for one in addresses)
        self._first = 0

    @property
    def name(self) -> str:
        """What people call the broker: `host:port` of each node."""
        return ", ".join(self.names)

    @shared_part
    def parameters(self) -> Sequence[pika.URLParameters]:
        """Made when a line is opened: jobs that need none do not mind a missing certificate."""
        found = [parameters_of(self._settings, url) for url in self._settings.urls]
        if len(found) > 1:
            for one in found:
                one.socket_timeout = min(one.socket_timeout, _OF_SEVERAL_SECONDS)
                one.stack_timeout = min(one.stack_timeout, _OF_SEVERAL_SECONDS)
        return found

    def open(self, line: Callable[[pika.URLParameters, str], T]) -> T:
        """What `line` answers for the first node that can be reached.

        Raises:
            BrokerUnavailable: none can; the message has the reason of each.
        """
        failures: list[BrokerUnavailable] = []
        for place in self.in_turn():
            try:
                opened = line(self.parameters[place], self.names[place])
            except BrokerUnavailable as problem:
                failures.append(problem)
            else:
                self.note_answer(place)
                return opened
        if len(failures) == 1:
            raise failures[0]
        reasons = "; ".join(problem.message for problem in failures)
        raise BrokerUnavailable(
            f"no node of the broker answers: {reasons}", hint=failures[-1].hint
        ) from failures[-1]

    def in_turn(self) -> Iterator[int]:
        """The places of all nodes, from the one that answered last."""
        first = self._first
        return iter([(first + step) % len(self.names) for step in range(len(self.names))])

    def note_answer(self, place: int) -> None:
        """This node answered: the next line begins with it."""
        self._first = place
