"""Which event may be sent next: many at once, and still in order for each ticket (rules 8.3).

At most one event of a ticket is under way; its later ones wait until it is confirmed. When one
is refused, the later ones of its ticket are held back, and nobody else's.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum


@dataclass(frozen=True, slots=True, kw_only=True)
class OutboxEvent:
    """An event as it waits in the outbox; `envelope` is the JSON text that goes out."""

    id: int
    event_id: str
    event: str
    routing_key: str
    ticket_id: int
    envelope: str
    occurred_at: datetime
    is_replay: bool = False


class BrokerVerdict(StrEnum):
    """What the broker answered for one event."""

    CONFIRMED = "confirmed"
    UNROUTABLE = "unroutable"
    REFUSED = "refused"
    TOO_LARGE = "too_large"


class Window:
    """Events are offered in order; `take` hands out what may go now, `settle` takes it back."""

    def __init__(self, size: int, *, held: Iterable[int] = ()) -> None:
        self._size = size
        self._held = set(held)
        self._ready: deque[OutboxEvent] = deque()
        self._parked: dict[int, deque[OutboxEvent]] = {}
        self._under_way: dict[int, OutboxEvent] = {}

    @property
    def under_way(self) -> int:
        """How many were taken and not settled."""
        return len(self._under_way)

    @property
    def is_idle(self) -> bool:
        """Nothing is under way and nothing could go."""
        return not self._under_way and not self._ready

    def offer(self, events: Iterable[OutboxEvent]) -> list[int]:
        """Add events, oldest first; answers the ids that are held back with their ticket."""
        left_out = []
        for event in events:
            if event.ticket_id in self._held:
                left_out.append(event.id)
            elif event.ticket_id in self._parked:
                self._parked[event.ticket_id].append(event)
            else:
                self._parked[event.ticket_id] = deque()
                self._ready.append(event)
        return left_out

    def take(self) -> OutboxEvent | None:
        """The next event to send; None when the window is full or nothing may go."""
        if not self._ready or len(self._under_way) >= self._size:
            return None
        event = self._ready.popleft()
        self._under_way[event.id] = event
        return event

    def settle(self, event_id: int, verdict: BrokerVerdict) -> list[int]:
        """Note what became of an event; answers the ids that are now held back with it."""
        event = self._under_way.pop(event_id)
        behind = self._parked[event.ticket_id]
        if verdict is not BrokerVerdict.CONFIRMED:
            self._held.add(event.ticket_id)
            del self._parked[event.ticket_id]
            return [later.id for later in behind]
        if behind:
            self._ready.append(behind.popleft())
        else:
            del self._parked[event.ticket_id]
        return []
