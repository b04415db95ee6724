"""What tests start from. A builder names only what matters to the test that calls it."""

from __future__ import annotations

import io
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import text

from savctl.domain.model.history import Action, HistoryEntry
from savctl.domain.model.metadata import EMPTY, Metadata
from savctl.domain.model.priority import Priority
from savctl.domain.model.states import Status
from savctl.domain.model.ticket import Ticket
from savctl.persistence.engine import Database
from savctl.persistence.files.attachments import Attachment
from savctl.persistence.schema.tables import commits, figures, totals
from savctl.persistence.schema.tables import metadata as tables
from savctl.ports import Clock, ObjectStore, system_clock
from savctl.usecases.files.attaching import attach_files
from savctl.usecases.files.staging import Staging
from savctl.usecases.operation import Operation
from savctl.usecases.tickets.assignment import assign_ticket
from savctl.usecases.tickets.creation import NewTicket, create_ticket
from savctl.usecases.tickets.transitions import close_ticket, move_ticket

NOW = datetime(2025, 10, 3, 10, 30, tzinfo=UTC)
SECOND = timedelta(seconds=1)
MICROSECOND = timedelta(microseconds=1)
DAY = timedelta(days=1)
CUSTOMER, AGENT, OTHER_AGENT, BOSS = 456, 10, 11, 5

_UNSTEADY = {commits.name, figures.name, totals.name}
Snapshot = dict[str, list[tuple[Any, ...]]]


def a_ticket(status: Status = Status.OPEN, **fields: Any) -> Ticket:
    """A ticket as a value; one that was assigned has an agent, stamps follow the status."""
    was_assigned = status is not Status.OPEN
    known: dict[str, Any] = {
        "id": 123,
        "ticket_number": "TKT-ABC123",
        "user_id": CUSTOMER,
        "subject": "Order not received",
        "description": "Where is it?",
        "priority": Priority.MEDIUM,
        "status": status,
        "assigned_to": AGENT if was_assigned else None,
        "resolved_at": NOW if status is Status.RESOLVED else None,
        "closed_at": NOW if status is Status.CLOSED else None,
        "metadata": EMPTY,
        "created_at": NOW,
        "updated_at": NOW,
    }
    return Ticket(**known | fields)


def entered(status: Status, at: datetime, before: Status = Status.IN_PROGRESS) -> Metadata:
    """Metadata whose history ends with the entry into a status."""
    entry = HistoryEntry(
        at=at, actor=AGENT, action=Action.STATUS, before=str(before), after=str(status)
    )
    return EMPTY.with_history((entry,))


def created(database: Database, clock: Clock, **fields: Any) -> Ticket:
    """A ticket that was created a moment ago."""
    wanted = NewTicket(
        **{
            "user_id": CUSTOMER,
            "subject": "Order not received",
            "description": "Where is it?",
            **fields,
        }
    )
    return create_ticket(Operation(database, clock, actor=None), wanted)[0].ticket


def brought_to(database: Database, clock: Clock, status: Status, **fields: Any) -> Ticket:
    """A ticket brought to a status through legal changes, all of them at one moment."""
    ticket = created(database, clock, **fields)
    if status is Status.OPEN:
        return ticket
    if status is not Status.CLOSED:
        ticket = assign_ticket(Operation(database, clock, actor=BOSS), ticket.id, to=AGENT).ticket
    if status in {Status.WAITING_CUSTOMER, Status.RESOLVED}:
        ticket = move_ticket(Operation(database, clock, actor=AGENT), ticket.id, status).ticket
    if status is Status.CLOSED:
        ticket = close_ticket(
            Operation(database, clock, actor=BOSS), ticket.id, reason="spam"
        ).ticket
    return ticket


def attached(
    database: Database,
    store: ObjectStore,
    ref: str | int,
    *files: tuple[str, bytes],
    clock: Clock = system_clock,
) -> list[Attachment]:
    """Files that were attached to a ticket a moment ago."""
    with Staging(None) as staging:
        staged = staging.add_all((name, io.BytesIO(content)) for name, content in files)
        return list(
            attach_files(Operation(database, clock, actor=AGENT), store, ref, staged).attachments
        )


def snapshot(database: Database) -> Snapshot:
    """Every row of every table, as the driver reads it.

    Commit tokens are left out: what was stored and taken back leaves two; so is what is counted.
    """
    with database.reading() as connection:
        return {
            name: [
                tuple(row)
                for row in connection.exec_driver_sql(f"SELECT * FROM {name} ORDER BY 1")
            ]
            for name in sorted(tables.tables)
            if name not in _UNSTEADY
        }


def rows(database: Database, statement: str) -> list[dict[str, Any]]:
    """What a query answers, as another program would see it."""
    with database.reading() as connection:
        return [dict(row) for row in connection.exec_driver_sql(statement).mappings()]


def write(database: Database, statement: str) -> None:
    """What another program writes, past all rules."""
    with database.connection() as connection:
        connection.exec_driver_sql(statement)
        connection.commit()


def write_rows(database: Database, table: str, values: Sequence[dict[str, Any]]) -> None:
    """Many rows that another program writes, past all rules; `values` name the same columns."""
    if not values:
        return
    columns = list(values[0])
    marks = ", ".join(f":{name}" for name in columns)
    statement = text(f"INSERT INTO {table} ({', '.join(columns)}) VALUES ({marks})")
    with database.connection() as connection:
        connection.execute(statement, list(values))
        connection.commit()
