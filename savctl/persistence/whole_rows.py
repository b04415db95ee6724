"""Tickets as whole rows: every column that is there, other programs' too, value for value.

What is read here can be inserted again so that no query tells the difference. The values are
those that JSON knows; what JSON has no word for is an object with one member, as `$base64`.
"""

from __future__ import annotations

import base64
import hashlib
import re
from collections import defaultdict
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from decimal import Decimal
from functools import lru_cache, partial
from typing import Any

from sqlalchemy import Connection, bindparam, text

from savctl.persistence.bulk import delete_in, insert_rows
from savctl.persistence.tables import (
    files,
    support_tickets,
    ticket_attachments,
    ticket_messages,
)
from savctl.persistence.types import UtcDateTime

PlainRow = dict[str, Any]
Columns = Mapping[str, tuple[str, ...]]

_PARTS = (support_tickets, ticket_messages, ticket_attachments, files)
_STORED = re.compile(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d(\.\d{1,6})?")
_TOLD = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,6})?Z")
_TIMES = {
    table.name: tuple(c.name for c in table.columns if isinstance(c.type, UtcDateTime))
    for table in _PARTS
}
_DECLARED = {table.name: frozenset(table.columns.keys()) for table in _PARTS}


class NotFaithful(ValueError):
    """A value that could not be brought back exactly as it is."""


@dataclass(slots=True)
class WholeTicket:
    """A ticket with everything that is only its own; `files` are marks of its attachments.

    `digests` are those of its rows as a server computed them when it handed them out: two equal
    lists are two equal tickets. SQLite has none.
    """

    ticket: PlainRow
    messages: list[PlainRow] = field(default_factory=list)
    attachments: list[PlainRow] = field(default_factory=list)
    files: list[PlainRow] = field(default_factory=list)
    digests: list[str] = field(default_factory=list, compare=False)


def columns_of(connection: Connection) -> Columns:
    """The columns that each table really has, generated ones left out."""
    if connection.dialect.name == "sqlite":
        return {table.name: _sqlite_columns(connection, table.name) for table in _PARTS}
    found: dict[str, list[str]] = defaultdict(list)
    query = text(
        "SELECT TABLE_NAME, COLUMN_NAME, EXTRA FROM information_schema.COLUMNS "
        "WHERE TABLE_SCHEMA = DATABASE() AND TABLE_NAME IN :names ORDER BY ORDINAL_POSITION"
    )
    query = query.bindparams(bindparam("names", expanding=True))
    for table, column, extra in connection.execute(query, {"names": [t.name for t in _PARTS]}):
        if not re.search("(VIRTUAL|STORED) GENERATED|PERSISTENT", str(extra).upper()):
            found[table].append(column)
    return {name: tuple(columns) for name, columns in found.items()}


def read_whole(
    connection: Connection, columns: Columns, ids: Sequence[int], *, lock: bool = False
) -> dict[int, WholeTicket]:
    """These tickets in id order; with `lock` those that nobody else holds, all rows locked.

    Raises:
        NotFaithful: a value could not be brought back exactly.
    """
    read = partial(_rows, connection, columns)
    found: dict[int, WholeTicket] = {}
    for row, digest in read("support_tickets", "id", ids, lock="SKIP LOCKED" * lock):
        found[row["id"]] = WholeTicket(row, digests=digest)
    there, wait = list(found), " " * lock
    said: dict[int, list[str]] = defaultdict(list)
    for row, digest in read("ticket_messages", "ticket_id", there, lock=wait):
        found[row["ticket_id"]].messages.append(row)
        said[row["ticket_id"]] += digest
    for ticket_id, digests in said.items():
        found[ticket_id].digests += _together(digests)
    owner: dict[int, WholeTicket] = {}
    for row, digest in read("ticket_attachments", "ticket_id", there, lock=wait):
        owner[row["id"]] = found[row["ticket_id"]]
        owner[row["id"]].attachments.append(row)
        owner[row["id"]].digests += digest
    for row, digest in read(files.name, "attachment_id", list(owner), lock=""):
        owner[row["attachment_id"]].files.append(row)
        owner[row["attachment_id"]].digests += digest
    return found


def locked_digests(
    connection: Connection, columns: Columns, ids: Sequence[int]
) -> dict[int, list[str]]:
    """The digests of the rows as they are now, of those tickets that nobody else holds.

    All rows are locked. On a server only: it reads a row and hands out its digest, which spares
    the driver most of its work.
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


def insert_whole(connection: Connection, columns: Columns, whole: WholeTicket) -> None:
    """Store a ticket with everything as it was; the caller has looked for collisions.

    Raises:
        NotFaithful: a column of then is not there any more.
    """
    for table, rows in (
        (support_tickets, [whole.ticket]),
        (ticket_messages, whole.messages),
        (ticket_attachments, whole.attachments),
        (files, whole.files),
    ):
        for row in rows:
            names = [name for name in row if name in columns[table.name]]
            lost = [n for n in row if n not in columns[table.name] and row[n] is not None]
            if lost:
                raise NotFaithful(f"{table.name} has no column {', '.join(lost)} any more")
            times = _TIMES[table.name]
            values = [_bound(row[name], is_time=name in times) for name in names]
            quoted = [_quoted(connection, name) for name in names]
            insert_rows(connection, table, quoted, [tuple(values)])


def delete_whole(connection: Connection, whole: Collection[WholeTicket]) -> None:
    """Delete locked tickets with everything that was read of them."""
    ids = [one.ticket["id"] for one in whole]
    attached = [row["attachment_id"] for one in whole for row in one.files]
    delete_in(connection, files, "attachment_id", attached)
    if any(one.attachments for one in whole):
        delete_in(connection, ticket_attachments, "ticket_id", ids)
    if any(one.messages for one in whole):
        delete_in(connection, ticket_messages, "ticket_id", ids)
    delete_in(connection, support_tickets, "id", ids)


def taken(connection: Connection, whole: WholeTicket) -> list[str]:
    """What stands in the way of bringing a ticket back: ids and numbers that are in use."""
    number = whole.ticket["ticket_number"]
    wanted: tuple[tuple[str, str, list[Any]], ...] = (
        ("support_tickets", "id", [whole.ticket["id"]]),
        ("support_tickets", "ticket_number", [number]),
        ("ticket_messages", "id", [row["id"] for row in whole.messages]),
        ("ticket_attachments", "id", [row["id"] for row in whole.attachments]),
    )
    found = []
    for table, column, values in wanted:
        for start in range(0, len(values), 1000):
            some = values[start : start + 1000]
            places = _places(connection, len(some))
            query = f"SELECT {column} FROM {table} WHERE {column} IN ({places})"  # noqa: S608
            found += [f"{table}.{column} {row[0]}" for row in _all(connection, query, some)]
    return found


def _all(connection: Connection, query: str, values: Sequence[Any]) -> Sequence[Any]:
    return connection.exec_driver_sql(query, tuple(values)).cursor.fetchall()


def _rows(
    connection: Connection,
    columns: Columns,
    table: str,
    column: str,
    values: Sequence[int],
    *,
    lock: str,
) -> Iterator[tuple[PlainRow, list[str]]]:
    """The rows in the order of their ids, each with its digest, in a list; none on SQLite."""
    names = columns[table]
    is_sqlite = connection.dialect.name == "sqlite"
    wanted = [_selected(connection, table, name) for name in names]
    wanted += [] if is_sqlite else [_digest(connection, names)]
    plain = _plain(names, table, is_sqlite=is_sqlite)
    width = len(names)
    for row in _select(connection, wanted, table, column, values, lock):
        yield plain(row[:width]), list(row[width:])


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
    wanted = [column, _key(table), _digest(connection, columns[table])]
    return _select(connection, wanted, table, column, values, lock)


def _message_digests(
    connection: Connection, columns: Columns, ticket_ids: Sequence[int]
) -> Sequence[Any]:
    """One digest for all messages of a ticket, which saves the driver most of the rows."""
    if not ticket_ids:
        return []
    connection.exec_driver_sql("SET SESSION group_concat_max_len = 1073741824")
    digest = _digest(connection, columns["ticket_messages"])
    query = (
        f"SELECT ticket_id, SHA2(GROUP_CONCAT({digest} ORDER BY id SEPARATOR ''), 256) "  # noqa: S608
        f"FROM ticket_messages WHERE ticket_id IN ({_places(connection, len(ticket_ids))}) "
        "GROUP BY ticket_id FOR UPDATE"
    )
    return _all(connection, query, ticket_ids)


def _together(digests: Sequence[str]) -> list[str]:
    """The digest of all of them, as the server puts it together; none where one is missing."""
    if not all(digests):
        return [""]
    return [hashlib.sha256("".join(digests).encode()).hexdigest()] if digests else []


def _select(
    connection: Connection,
    wanted: Sequence[str],
    table: str,
    column: str,
    values: Sequence[int],
    lock: str,
) -> Sequence[Any]:
    if not values:
        return []
    query = (
        f"SELECT {', '.join(wanted)} FROM {table} "  # noqa: S608
        f"WHERE {column} IN ({_places(connection, len(values))}) ORDER BY {_key(table)}"
    )
    if lock and connection.dialect.name != "sqlite":
        query += f" FOR UPDATE {lock}"
    return _all(connection, query, values)


def _key(table: str) -> str:
    return "attachment_id" if table == files.name else "id"


def _digest(connection: Connection, names: Sequence[str]) -> str:
    """SQL for the digest of a row: QUOTE tells NULL from a text, and where a value ends."""
    quoted = ", ".join(f"QUOTE({_quoted(connection, name)})" for name in names)
    return f"SHA2(CONCAT_WS(',', {quoted}), 256)"


def _plain(
    names: Sequence[str], table: str, *, is_sqlite: bool
) -> Callable[[Sequence[Any]], PlainRow]:
    times = [name for name in names if name in _TIMES[table]]
    others = [name for name in names if name not in _DECLARED[table]]
    time_told = _free_time_told if is_sqlite else _time_told

    def plain(row: Sequence[Any]) -> PlainRow:
        found = dict(zip(names, row, strict=True))
        for name in times:
            if found[name] is not None:
                found[name] = time_told(found[name])
        for name in others:
            found[name] = _told(found[name])
        return found

    return plain


def _time_told(stored: str) -> str:
    """`2025-10-03T10:30:00Z` of the one way in which a server spells times."""
    return f"{stored[:10]}T{stored[11:]}Z"


@lru_cache(maxsize=4096)
def _free_time_told(stored: object) -> str:
    """The same; a time that another program spelt in its own way stays so."""
    text_ = str(stored)
    if _TOLD.fullmatch(text_):
        raise NotFaithful(f"the time {text_} would come back as another text")
    return _time_told(text_) if _STORED.fullmatch(text_) else text_


_SPELLED: Mapping[type, tuple[str, Callable[[Any], str]]] = {
    float: ("$float", repr),
    datetime: ("$datetime", lambda value: value.isoformat(" ")),
    date: ("$date", date.isoformat),
    timedelta: ("$seconds", lambda value: str(value.total_seconds())),
    Decimal: ("$decimal", str),
    bytes: ("$base64", lambda value: base64.b64encode(value).decode()),
}


def _told(value: Any) -> Any:
    """A value of a column that the specification does not have."""
    if value is None or isinstance(value, int | str):
        return value
    kind = type(value)
    if kind not in _SPELLED:
        raise NotFaithful(f"a {kind.__name__} cannot be stored in a bundle")
    name, spell = _SPELLED[kind]
    return {name: spell(value)}


def _bound(value: Any, *, is_time: bool) -> Any:
    """The value for the driver."""
    if is_time and isinstance(value, str) and _TOLD.fullmatch(value):
        return f"{value[:10]} {value[11:-1]}"
    if not isinstance(value, dict):
        return value
    ((kind, said),) = value.items()
    match kind:
        case "$base64":
            return base64.b64decode(said)
        case "$seconds":
            return timedelta(seconds=float(said))
        case "$float":
            return float(said)
        case _:
            return said


def _sqlite_columns(connection: Connection, table: str) -> tuple[str, ...]:
    rows = connection.exec_driver_sql(f"PRAGMA table_xinfo({table})").mappings()
    return tuple(str(row["name"]) for row in rows if row["hidden"] == 0)


def _selected(connection: Connection, table: str, name: str) -> str:
    """A column; of times the text, which the driver would take apart only to put together."""
    if name not in _TIMES[table] or connection.dialect.name == "sqlite":
        return _quoted(connection, name)
    return f"CAST({_quoted(connection, name)} AS CHAR)"


def _places(connection: Connection, count: int) -> str:
    return ", ".join(["?" if connection.dialect.name == "sqlite" else "%s"] * count)


def _quoted(connection: Connection, name: str) -> str:
    return connection.dialect.identifier_preparer.quote(name)
