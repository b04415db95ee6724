"""Rows that were inserted a moment ago, read to be compared with what was to be inserted."""

from __future__ import annotations

import json
from collections.abc import Sequence

from sqlalchemy import Connection

from savctl.persistence.archive.snapshot_columns import Columns
from savctl.persistence.archive.ticket_snapshot import TicketSnapshot, read_whole


def read_back(
    connection: Connection, columns: Columns, inserted: Sequence[TicketSnapshot]
) -> dict[int, TicketSnapshot]:
    """The tickets as the database has them now, by id; equal metadata is spelt as inserted.

    MySQL's JSON type keeps the value and spells it in its own way; elsewhere JSON is a text.

    Raises:
        NotFaithful: a value could not be read exactly.
    """
    found = read_whole(connection, columns, [each.ticket["id"] for each in inserted])
    if _keeps_json_text(connection):
        return found
    for wanted in inserted:
        stored = found.get(wanted.ticket["id"])
        if stored is not None and _is_equal(wanted.ticket["metadata"], stored.ticket["metadata"]):
            stored.ticket["metadata"] = wanted.ticket["metadata"]
    return found


def _keeps_json_text(connection: Connection) -> bool:
    is_mariadb = getattr(connection.dialect, "is_mariadb", False)
    return connection.dialect.name == "sqlite" or is_mariadb


def _is_equal(wanted: str | None, stored: str | None) -> bool:
    if wanted is None or stored is None:
        return wanted is stored
    return bool(json.loads(wanted) == json.loads(stored))
