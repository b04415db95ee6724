"""What savctl's own tables hold of tickets that go for good."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import Connection, delete, select

from savctl.persistence.bulk import delete_in
from savctl.persistence.files.purge_queue import PurgeReason, PurgeRequest
from savctl.persistence.schema.tables import archived_files as archived
from savctl.persistence.schema.tables import (
    files,
    idempotency,
    imports,
    outbox,
    sla_alarms,
    sla_breaches,
    ticket_attachments,
    uploads,
)

_OF_TICKETS = (outbox, imports, sla_alarms, sla_breaches, uploads, files)


def delete_last_rows(connection: Connection, ticket_ids: Sequence[int]) -> None:
    """Delete everything but the audit, which holds ids, actions and reasons, and no words."""
    for table in _OF_TICKETS:
        delete_in(connection, table, "ticket_id", ticket_ids)


def delete_old_answers(connection: Connection, *, before: datetime) -> None:
    """Forget answers to requests of then: they are about tickets that are gone by now."""
    connection.execute(delete(idempotency).where(idempotency.c.created_at <= before))


def files_to_purge(
    connection: Connection, ticket_ids: Sequence[int], *, at: datetime
) -> list[PurgeRequest]:
    """The objects that hot and archived records of these tickets name, to go at once.

    An object that another ticket's record names too is spared when the list is worked off.
    """
    ids = list(ticket_ids)
    a, f = ticket_attachments.c, archived.c
    hot = select(a.ticket_id, a.file_path, a.file_size).where(a.ticket_id.in_(ids))
    cold = select(f.ticket_id, f.object_key, f.size_bytes).where(f.ticket_id.in_(ids))
    return [
        PurgeRequest(
            key=key, reason=PurgeReason.RETENTION, due_at=at, ticket_id=owner, size_bytes=size
        )
        for query in (hot, cold)
        for owner, key, size in connection.execute(query)
    ]
