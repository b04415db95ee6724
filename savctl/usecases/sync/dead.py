"""Messages that were set aside: read, sent again, or given up (rules 14.3)."""

from __future__ import annotations

from collections.abc import Sequence
from uuid import uuid4

from savctl.errors import NotFound, Refused
from savctl.persistence.engine import Database
from savctl.persistence.sync.dead import DeadMessage, DeadMessages
from savctl.persistence.unit_of_work import in_transaction
from savctl.ports import Queues


def dead_page(database: Database, *, after: int, limit: int) -> list[DeadMessage]:
    """Dead messages by id, without their bodies; limit 0 is all."""
    with database.reading() as connection:
        return DeadMessages(connection).page(after=after, limit=limit)


def find_dead(database: Database, ids: Sequence[int]) -> list[DeadMessage]:
    """These dead messages with their bodies.

    Raises:
        NotFound: one of them is not there.
    """
    with database.reading() as connection:
        rows = DeadMessages(connection)
        return [_found(rows.find(one), one) for one in ids]


def requeue(database: Database, broker: Queues | None, message: DeadMessage) -> str:
    """Put a message back into its queue under a new id, which is answered; it is dead no more.

    The row goes after the broker has confirmed: when the process dies in between, the message
    comes twice, which changes nothing. Without a broker, which is a dry run, nothing is done.

    Raises:
        Refused: only the beginning of the message was kept.
        BrokerUnavailable: the broker did not take it; the row stays.
    """
    if message.is_cut or message.body is None:
        raise Refused(
            f"message {message.id} had {message.size} bytes, of which only the beginning was kept",
            hint="Its service has to send it again. 'savctl sync dead drop' removes it.",
        )
    message_id = str(uuid4())
    if broker is not None:
        broker.put(message.queue, message.body, message_id=message_id)
        drop(database, message)
    return message_id


def drop(database: Database, message: DeadMessage) -> bool:
    """Give a message up for good; False when it is gone already."""
    return in_transaction(database, lambda uow: DeadMessages(uow.connection).remove(message.id))


def _found(message: DeadMessage | None, wanted: int) -> DeadMessage:
    if message is None:
        raise NotFound(
            f"no dead message {wanted}", hint="Run 'savctl sync dead list' to list them."
        )
    return message
