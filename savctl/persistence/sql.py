"""SQL text that is written by hand: placeholders, lists of ids, chunks, rows of the driver."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Iterator, Sequence
from itertools import islice
from typing import Any, TypeVar

from sqlalchemy import Connection

T = TypeVar("T")


def chunks(rows: Iterable[T], size: int) -> Iterator[list[T]]:
    """The rows in lists of at most `size`."""
    it = iter(rows)
    while chunk := list(islice(it, size)):
        yield chunk


def id_list(ids: Sequence[int]) -> str:
    """Ids as the numbers they are: the driver examines the value of each placeholder."""
    return ", ".join([f"{one:d}" for one in ids])


def placeholder(connection: Connection) -> str:
    """The driver's mark for one value."""
    return "?" if connection.dialect.name == "sqlite" else "%s"


def placeholders(connection: Connection, count: int) -> str:
    """So many marks, with commas between them."""
    return ", ".join([placeholder(connection)] * count)


def quoted_name(connection: Connection, name: str) -> str:
    """A column's name as SQL takes it."""
    return connection.dialect.identifier_preparer.quote(name)


def fetched(connection: Connection, query: str, values: Sequence[Any] = ()) -> Sequence[Any]:
    """The driver's rows of a query, without SQLAlchemy's work for each.

    Raises:
        ValueError: SQLite holds a text that is not UTF-8; shown as U+FFFD it would be another.
    """
    if connection.dialect.name != "sqlite":
        return connection.exec_driver_sql(query, tuple(values)).cursor.fetchall()
    driver: Any = connection.connection.driver_connection
    legible, driver.text_factory = driver.text_factory, str
    try:
        return connection.exec_driver_sql(query, tuple(values)).cursor.fetchall()
    except sqlite3.OperationalError as problem:
        if "decode" not in str(problem):
            raise
        raise ValueError("a text of it is not UTF-8") from None  # the message holds the text
    finally:
        driver.text_factory = legible
