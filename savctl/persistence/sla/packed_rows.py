"""What reports read of tickets; from a server many rows in one value.

PyMySQL takes longer to read a row of eight columns than a report takes to count it. A server puts
a page of them into one text, which is read at once and parted here. Where that is not possible (a
text holds one of the separators, or all of it is longer than a server sends) the answer is None.
"""

from __future__ import annotations

from array import array
from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Connection, func, select

from savctl.domain.sla.plain_life import CountedRow
from savctl.persistence.schema.tables import support_tickets
from savctl.persistence.sql import id_list
from savctl.persistence.types import instant_of

COUNTED_COLUMNS = CountedRow._fields
_T = support_tickets.c
_FIELD, _ROW, _END, _NULL = "\x1f", "\x1e", "\x03", "\x02"  # no JSON holds them as they are
_FIELDS = len(COUNTED_COLUMNS) + 1  # the end is one
_EACH = 1_000  # ids in a text
_COLUMNS = ", ".join(f"COALESCE({name}, '{_NULL}')" for name in COUNTED_COLUMNS)
_PACKED = (
    f"SELECT COUNT(*), GROUP_CONCAT(CONCAT_WS('{_FIELD}', {_COLUMNS}, '{_END}') "  # noqa: S608
    f"SEPARATOR '{_ROW}') FROM support_tickets WHERE id IN "
)


def counted_rows(connection: Connection, rows: Sequence[Sequence[Any]]) -> Iterator[CountedRow]:
    """The driver's rows of `COUNTED_COLUMNS`."""
    dialect = connection.dialect
    for *values, created_at in rows:
        yield CountedRow._make((*values, instant_of(created_at, dialect)))


def packed_rows(connection: Connection, ids: Sequence[int]) -> list[CountedRow] | None:
    """These tickets, from one value; None where that is not possible."""
    if connection.dialect.name == "sqlite":
        return None
    query = f"{_PACKED}({id_list(ids)})"
    ((count, text),) = connection.exec_driver_sql(query).cursor.fetchall()
    if not count:
        return []
    if not isinstance(text, str):
        return None
    rows = [row.split(_FIELD) for row in text.split(_ROW)]
    if len(rows) != count or any(len(row) != _FIELDS or row[-1] != _END for row in rows):
        return None
    return [_row(row) for row in rows]


def _row(values: list[str]) -> CountedRow:
    ticket_id, user_id, *texts, born, _ = values
    priority, status, category, holder, metadata = (
        None if text == _NULL else text for text in texts
    )
    try:
        created_at = datetime.fromisoformat(f"{born}+00:00")
    except ValueError:  # a zero date, or none
        created_at = None
    return CountedRow(
        int(ticket_id),
        int(user_id),
        priority or "",
        status or "",
        category,
        int(holder) if holder else None,
        metadata,
        created_at,
    )


def packed_ids(
    connection: Connection, wanted: Sequence[ColumnElement[bool]]
) -> Sequence[int] | None:
    """The ids of all such tickets in order, a thousand in a value; None where one is cut."""
    if connection.dialect.name == "sqlite":
        return None
    query = (
        select(func.count(), func.group_concat(_T.id))
        .where(*wanted)
        .group_by(_T.id.op("DIV")(_EACH))
    )
    found: list[int] = []
    for count, text in connection.execute(query):
        ids = str(text).split(",")
        if len(ids) != count:
            return None
        found += map(int, ids)
    return array("Q", sorted(one for one in found if one > 0))
