"""Rows of tickets with a digest of the whole row, computed where the row is (rules 15.1).

So the words of a ticket stay where they are: they are its longest columns, and neither the plan
nor the rules of a bulk command ask for them. A digest differs between databases.
"""

from __future__ import annotations

from collections.abc import Sequence
from hashlib import blake2b
from typing import Any

from sqlalchemy import ColumnElement, Connection, literal_column, select

from savctl.domain.model.ticket import TICKET_COLUMNS
from savctl.persistence.schema.tables import support_tickets
from savctl.persistence.sql import id_list

_T = support_tickets.c
_FUNCTION = "savctl_row_digest"


def guarded_rows(
    connection: Connection,
    names: Sequence[str],
    ids: Sequence[int],
    conditions: Sequence[ColumnElement[bool]],
    *,
    locks: bool,
) -> Sequence[Any]:
    """The driver's rows of those of these tickets that fit, in id order, the digest last.

    `names` are columns, or SQL for values. A digest is None where the row is longer than what
    the server puts together.
    """
    if not ids:
        return []
    wanted = [*names, _digest_sql(connection)]
    if not conditions:  # text: to fill a thousand ids into a compiled query takes long
        lock = " FOR UPDATE" if locks and connection.dialect.name != "sqlite" else ""
        return _read(connection, wanted, f"id IN ({id_list(ids)}) ORDER BY id{lock}")
    columns: list[ColumnElement[Any]] = [literal_column(each) for each in wanted]
    every = select(*columns).select_from(support_tickets)
    narrowed = every.where(_T.id.in_(ids), *conditions).order_by(_T.id)
    found = connection.execute(narrowed.with_for_update() if locks else narrowed)
    return found.cursor.fetchall()


def rows_behind(
    connection: Connection, names: Sequence[str], *, after_id: int, limit: int
) -> Sequence[Any]:
    """The same of the next tickets in the order of their ids, whoever may see them."""
    wanted = [*names, _digest_sql(connection)]
    return _read(connection, wanted, f"id > {after_id:d} ORDER BY id LIMIT {limit:d}")


def _read(connection: Connection, wanted: Sequence[str], where: str) -> Sequence[Any]:
    query = f"SELECT {', '.join(wanted)} FROM support_tickets WHERE {where}"  # noqa: S608
    return connection.exec_driver_sql(query).cursor.fetchall()


def _digest_sql(connection: Connection) -> str:
    """SQL for the digest of a row: no two rows are put together alike."""
    if connection.dialect.name == "sqlite":
        _define_digest(connection)
        # as bytes: a text that is not UTF-8 would end the query
        return f"{_FUNCTION}({', '.join([f'CAST({name} AS BLOB)' for name in TICKET_COLUMNS])})"
    between, nothing = (f"CHAR({code} USING utf8mb4)" for code in (31, 0))
    values = ", ".join([f"IFNULL({name}, {nothing})" for name in TICKET_COLUMNS])
    return f"SHA2(CONCAT_WS({between}, {values}), 256)"


def _define_digest(connection: Connection) -> None:
    """SQLite calls Python for it; the driver's connection keeps the function."""
    if _FUNCTION not in connection.info:
        driver: Any = connection.connection.driver_connection
        driver.create_function(_FUNCTION, -1, _digest, deterministic=True)
        connection.info[_FUNCTION] = True


def _digest(*values: bytes | None) -> str:
    return blake2b(repr(values).encode(), digest_size=16).hexdigest()
