"""What deserves a warning about a whole bulk command, once for all of its tickets."""

from __future__ import annotations

from savctl.persistence.unit_of_work import UnitOfWork
from savctl.usecases.bulk.order import BulkOrder
from savctl.usecases.operation import Operation
from savctl.usecases.tickets.changes import unknown_users


def warnings_of(op: Operation, order: BulkOrder) -> tuple[str, ...]:
    """Users that nobody knows: the agent who is to get the tickets, and who acts."""
    agent = order.step.to if order.step is not None else None
    with op.database.reading() as connection:
        return unknown_users(UnitOfWork(connection), (agent, op.actor))
