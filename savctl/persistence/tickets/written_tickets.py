"""A row that whoever changes a ticket writes, where other nodes take writes too (rules 19.4).

A lock is held on one node. Between nodes only the rows that two transactions *write* are
compared, at COMMIT: of two that wrote the same row, one is refused and done again. A message or
a file is inserted and writes no row that a closing or a merge writes. So every transaction that
changes a ticket, or adds something to it, counts its row here up by one. The count means nothing;
it only has to change, because a row that keeps its values is not compared.

A transaction that has read a ticket as it no longer is, since its node lags, is refused as well.
A single server, where locks do all of that, is not asked for it.
"""

from __future__ import annotations

from collections.abc import Collection
from datetime import timedelta

from sqlalchemy import Connection

from savctl.persistence.sql import chunks

KEPT = timedelta(days=1)  # no transaction is open for so long
_CHUNK = 1_000
_WRITE = (
    "INSERT INTO savctl_ticket_writes (ticket_id, writes, written_at) VALUES {rows} "
    "ON DUPLICATE KEY UPDATE writes = writes + 1, written_at = UTC_TIMESTAMP(6)"
)


def write_rows_of(connection: Connection, ids: Collection[int]) -> None:
    """Write the rows of these tickets, in id order, as their own rows were locked."""
    for some in chunks(sorted(ids), _CHUNK):
        rows = ", ".join([f"({one:d}, 1, UTC_TIMESTAMP(6))" for one in some])
        connection.exec_driver_sql(_WRITE.format(rows=rows))
