"""Digests of rows that the server computes under their locks, to compare them without reading.

It reads a row and hands out its digest, which spares the driver most of its work. SQLite has none.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from functools import partial
from typing import Any

from sqlalchemy import Connection

from savctl.persistence.archive.snapshot_columns import Columns, key_of, select_rows
from savctl.persistence.schema.tables import files
from savctl.persistence.sql import fetched, id_list, quoted_name


def locked_digests(
    connection: Connection, columns: Columns, ids: Sequence[int]
) -> dict[int, list[str]]:
    """The digests of the rows as they are now, of those tickets that nobody else holds.

    All rows are locked. On a server only.
    """
    read = partial(_digests, connection, columns)
    found: dict[int, list[str]] = {}
    for ticket_id, _, digest in read("support_tickets", "id", ids, lock="SKIP LOCKED"):
        found[ticket_id] = [digest]
    there = list(found)
    for ticket_id, digest in _message_digests(connection, columns, there):
        found[ticket_id].append(digest)
    owner: dict[int, int] = {}
    for ticket_id, one, digest in read("ticket_attachments", "ticket_id", there, lock=" "):
        owner[one] = ticket_id
        found[ticket_id].append(digest)
    for one, _, digest in read(files.name, "attachment_id", list(owner), lock=""):
        found[owner[one]].append(digest)
    return found


def digest_sql(connection: Connection, names: Sequence[str]) -> str:
    """SQL for the digest of a row: each value behind its length, so that no two rows are alike."""
    values = ", ".join(
        f"IFNULL(CONCAT(LENGTH({name}), ':', {name}), '-')"
        for name in [quoted_name(connection, name) for name in names]
    )
    return f"SHA2(CONCAT_WS(',', {values}), 256)"


def together(digests: Sequence[str]) -> list[str]:
    """The digest of all of them, as the server puts it together; none where one is missing."""
    if not all(digests):
        return [""]
    return [hashlib.sha256("".join(digests).encode()).hexdigest()] if digests else []


def _digests(
    connection: Connection,
    columns: Columns,
    table: str,
    column: str,
    values: Sequence[int],
    *,
    lock: str,
) -> Sequence[Any]:
    """What the rows belong to, their ids, and their digests, in the order of the ids."""
    wanted = [column, key_of(table), digest_sql(connection, columns[table])]
    return select_rows(connection, wanted, table, column, values, lock)


def _message_digests(
    connection: Connection, columns: Columns, ticket_ids: Sequence[int]
) -> Sequence[Any]:
    """One digest for all messages of a ticket, which saves the driver most of the rows."""
    if not ticket_ids:
        return []
    connection.exec_driver_sql("SET SESSION group_concat_max_len = 1073741824")
    digest = digest_sql(connection, columns["ticket_messages"])
    query = (
        f"SELECT ticket_id, SHA2(GROUP_CONCAT({digest} ORDER BY id SEPARATOR ''), 256) "  # noqa: S608
        f"FROM ticket_messages WHERE ticket_id IN ({id_list(ticket_ids)}) "
        "GROUP BY ticket_id FOR UPDATE"
    )
    return fetched(connection, query)
