"""Messages that can never work: `savctl_dead_messages` (rules 14.3)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, delete, func, insert, select

from savctl.persistence.schema.tables import dead_messages

_D = dead_messages.c
_HEAD = (_D.id, _D.queue, _D.event, _D.message_id, _D.reason, _D.received_at, _D.size)


@dataclass(frozen=True, slots=True, kw_only=True)
class DeadMessage:
    """A message that was set aside; `body` may be cut, `size` is what it was."""

    queue: str
    event: str | None
    message_id: str | None
    reason: str
    received_at: datetime
    size: int
    body: bytes | None = None
    id: int = 0

    @property
    def is_cut(self) -> bool:
        """Whether only the beginning was kept."""
        return self.body is not None and len(self.body) < self.size


class DeadMessages:
    """The dead messages of one transaction."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def add(self, messages: Sequence[DeadMessage]) -> None:
        """Set messages aside."""
        if messages:
            rows = [
                {name: getattr(one, name) for name in DeadMessage.__slots__ if name != "id"}
                for one in messages
            ]
            self._connection.execute(insert(dead_messages), rows)

    def page(self, *, after: int = 0, limit: int = 0) -> list[DeadMessage]:
        """Messages by id, without their bodies."""
        query = select(*_HEAD).where(_D.id > after).order_by(_D.id)
        rows = self._connection.execute(query.limit(limit) if limit else query)
        return [DeadMessage(**row) for row in rows.mappings()]

    def find(self, message: int, *, locked: bool = False) -> DeadMessage | None:
        """One message with its body, or None."""
        query = select(*_HEAD, _D.body).where(_D.id == message)
        query = query.with_for_update() if locked else query
        row = self._connection.execute(query).mappings().first()
        return DeadMessage(**row) if row is not None else None

    def remove(self, message: int) -> bool:
        """Delete one; False when it is not there."""
        return self._connection.execute(delete(dead_messages).where(_D.id == message)).rowcount > 0

    def counts(self) -> dict[str, int]:
        """How many there are, by queue."""
        query = select(_D.queue, func.count()).group_by(_D.queue)
        return {row[0]: row[1] for row in self._connection.execute(query)}
