"""How the queues of other services are: depth, consumers, the oldest message, the last one."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from savctl.domain.sync.fields import UnusableMessage, instant_field, json_object
from savctl.persistence.engine import Database
from savctl.persistence.sync.dead import DeadMessages
from savctl.persistence.sync.inbox import Inbox
from savctl.ports import Clock, Queues, QueueState


@dataclass(frozen=True, slots=True, kw_only=True)
class QueueReport:
    """One queue; `exists` and what follows is None where no broker is configured.

    `oldest_at` is the time that the oldest waiting message bears.
    """

    queue: str
    exists: bool | None
    messages: int | None
    consumers: int | None
    oldest_at: datetime | None
    oldest_age: timedelta | None
    last_received_at: datetime | None
    dead: int


def queue_reports(
    database: Database, broker: Queues | None, clock: Clock, queues: Sequence[str]
) -> list[QueueReport]:
    """A report on each queue.

    Raises:
        BrokerUnavailable: the broker does not answer.
    """
    with database.reading() as connection:
        newest, dead = Inbox(connection).newest(), DeadMessages(connection).counts()
    states: Sequence[QueueState | None] = [None] * len(queues)
    if broker is not None:
        states = broker.states(queues)
    reports = []
    for queue, state in zip(queues, states, strict=True):
        oldest_at = _time_of(state.oldest) if state is not None else None
        reports.append(
            QueueReport(
                queue=queue,
                exists=None if broker is None else state is not None,
                messages=state.messages if state is not None else None,
                consumers=state.consumers if state is not None else None,
                oldest_at=oldest_at,
                oldest_age=max(clock() - oldest_at, timedelta()) if oldest_at else None,
                last_received_at=newest.get(queue),
                dead=dead.get(queue, 0),
            )
        )
    return reports


def _time_of(body: bytes | None) -> datetime | None:
    if body is None:
        return None
    try:
        return instant_field(json_object(body), "timestamp")
    except UnusableMessage:
        return None
