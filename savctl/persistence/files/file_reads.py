"""What the audit knows of files: who had which one when (rules 1.3)."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

from sqlalchemy import ColumnElement, Connection, select

from savctl.domain.access.file_access import FileAction
from savctl.persistence.schema.tables import audit

_A = audit.c
_ACTIONS = tuple(str(action) for action in FileAction)


def of_tickets(connection: Connection, ticket_ids: Sequence[int]) -> list[dict[str, Any]]:
    """Everything about files of these tickets, oldest first."""
    return _rows(connection, _A.ticket_id.in_(sorted(ticket_ids)))


def of_file(connection: Connection, attachment_id: int) -> list[dict[str, Any]]:
    """Everything about one file, oldest first, whichever tickets it has been on.

    The audit has no index by file: this looks at all of it, and people ask for it seldom.
    """
    is_it = _A.entry.like(f'{{"attachment_id": {attachment_id}%')
    found = _rows(connection, is_it)
    return [row for row in found if row["attachment_id"] == attachment_id]


def _rows(connection: Connection, where: ColumnElement[bool]) -> list[dict[str, Any]]:
    query = (
        select(_A.id, _A.at, _A.actor, _A.action, _A.ticket_id, _A.run_id, _A.entry)
        .where(where, _A.action.in_(_ACTIONS))
        .order_by(_A.id)
    )
    return [_row(dict(row)) for row in connection.execute(query).mappings()]


def _row(row: dict[str, Any]) -> dict[str, Any]:
    entry = json.loads(row.pop("entry"))
    return {
        "id": row["id"],
        "at": row["at"],
        "actor": row["actor"],
        "action": row["action"],
        "attachment_id": entry.get("attachment_id"),
        "ticket_id": row["ticket_id"],
        "message_id": entry.get("message_id"),
        "seconds": entry.get("seconds"),
        "reason": entry.get("reason"),
        "run_id": row["run_id"],
    }
