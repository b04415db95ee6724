"""Queues in memory that keep every promise of the port, its failures included."""

from __future__ import annotations

from collections import defaultdict, deque
from collections.abc import Sequence
from itertools import count

from savctl.ports import Binding, BrokerUnavailable, QueueMessage, QueueMissing, QueueState


class FakeQueues:
    """Queues of one broker; `exchanges` are those that their services have made."""

    name = "fake"

    def __init__(self) -> None:
        self.exchanges: set[str] = set()
        self.bound: set[tuple[str, str, str]] = set()
        self.queues: dict[str, deque[tuple[bytes, str | None]]] = {}
        self.is_up = True
        self.lines: list[FakeReceiver] = []

    def listen(self, queues: Sequence[str], *, prefetch: int) -> FakeReceiver:
        """Open a line."""
        self.require(*queues)
        line = FakeReceiver(self, queues, prefetch)
        self.lines.append(line)
        return line

    def set_up(self, bindings: Sequence[Binding], *, exchanges: bool) -> None:
        """Make and bind queues."""
        self.require()
        for one in bindings:
            if exchanges:
                self.exchanges.add(one.exchange)
            if one.exchange not in self.exchanges:
                raise BrokerUnavailable(f"no exchange {one.exchange}")
            self.queues.setdefault(one.queue, deque())
            self.bound.add((one.exchange, one.routing_key, one.queue))

    def states(self, queues: Sequence[str]) -> list[QueueState | None]:
        """How each is."""
        self.require()
        return [self._state(queue) if queue in self.queues else None for queue in queues]

    def put(self, queue: str, body: bytes, *, message_id: str) -> None:
        """Put a message into a queue."""
        self.require(queue)
        self.queues[queue].append((body, message_id))

    def deliver(self, queue: str, body: bytes, message_id: str | None = None) -> None:
        """What a service published arrives."""
        self.queues[queue].append((body, message_id))

    def break_lines(self) -> None:
        """Every open line breaks; what was under way is in its queue again."""
        for line in self.lines:
            line.close()

    def require(self, *queues: str) -> None:
        """Pass when the broker is up and the queues are there."""
        if not self.is_up:
            raise BrokerUnavailable("the fake broker is down")
        for queue in queues:
            if queue not in self.queues:
                raise QueueMissing(f"no queue {queue}", hint="Run 'savctl sync setup'.")

    def _state(self, queue: str) -> QueueState:
        waiting = self.queues[queue]
        consumers = sum(line.is_open and queue in line.queues for line in self.lines)
        return QueueState(
            queue=queue,
            messages=len(waiting),
            consumers=consumers,
            oldest=waiting[0][0] if waiting else None,
        )


class FakeReceiver:
    """An open line."""

    def __init__(self, broker: FakeQueues, queues: Sequence[str], prefetch: int) -> None:
        self.queues = queues
        self.is_open = True
        self._broker = broker
        self._prefetch = prefetch
        self._under_way: dict[int, QueueMessage] = {}
        self._tags = count(1)

    def receive(self, *, most: int, wait_seconds: float) -> list[QueueMessage]:
        """The next messages."""
        del wait_seconds
        self._require_open()
        self._broker.require(*self.queues)
        found: list[QueueMessage] = []
        for queue in self.queues:
            waiting, mine = self._broker.queues[queue], self._count()[queue]
            room = self._prefetch - mine if self._prefetch else len(waiting)
            while waiting and room > 0 and len(found) < most:
                body, name = waiting.popleft()
                message = QueueMessage(
                    queue=queue, tag=next(self._tags), body=body, message_id=name
                )
                self._under_way[message.tag] = message
                found.append(message)
                room -= 1
        return found

    def acknowledge(self, messages: Sequence[QueueMessage]) -> None:
        """They are done, and all before them."""
        self._require_open()
        last = messages[-1].tag if messages else 0
        self._under_way = {tag: m for tag, m in self._under_way.items() if tag > last}

    def waiting(self) -> int:
        """How many are not delivered."""
        self._require_open()
        return sum(len(self._broker.queues[queue]) for queue in self.queues)

    def close(self) -> None:
        """What was not acknowledged goes back, in its order."""
        if self.is_open:
            for message in reversed(self._under_way.values()):
                self._broker.queues[message.queue].appendleft((message.body, message.message_id))
        self.is_open = False

    def _count(self) -> dict[str, int]:
        found: dict[str, int] = defaultdict(int)
        for message in self._under_way.values():
            found[message.queue] += 1
        return found

    def _require_open(self) -> None:
        if not self.is_open or not self._broker.is_up:
            raise BrokerUnavailable("the line to the fake broker broke")
