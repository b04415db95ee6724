"""What is the same for many locked tickets: bound once, with the ids of the tickets.

A job closes a thousand tickets with the same entry, and a bulk command assigns them to the same
agent. The server knows the rest of each row; it is not sent there again.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Connection, Table

from savctl.domain.model.ticket import Ticket
from savctl.persistence.bulk import bound_value, changed_columns
from savctl.persistence.noted_tickets import note_changed
from savctl.persistence.sql import id_list, placeholder

Change = tuple[Ticket, Ticket]  # before, after

# CONCAT answers NULL beyond max_allowed_packet; no server is set to less than this.
_LONGEST_JOINED = 100_000


def insert_for_tickets(
    connection: Connection,
    table: Table,
    columns: Sequence[str],
    rows: Sequence[Sequence[Any]],
    ids: Sequence[int],
    *,
    replaces: bool = False,
) -> None:
    """Insert these rows of driver values for each of these locked tickets.

    They come in the order of the tickets' ids, those of a ticket in the order given. Their
    `ticket_id` is the ticket's, whatever they hold; the values are bound once. With `replaces`
    a row of the same primary key gives way.

    Raises:
        RuntimeError: one of the tickets is not there.
    """
    values: list[Any] = []
    for row in rows:
        values += [v for name, v in zip(columns, row, strict=True) if name != "ticket_id"]
    chosen = _one_row if len(rows) == 1 else _several_rows
    statement = (
        f"{'REPLACE' if replaces else 'INSERT'} INTO {table.name} ({', '.join(columns)}) "
        f"{chosen(placeholder(connection), columns, len(rows)).format(ids=id_list(ids))}"
    )
    made, wanted = connection.exec_driver_sql(statement, tuple(values)).rowcount, len(ids)
    # a server counts a row that gives way as well
    if made < wanted * len(rows) or (made > wanted * len(rows) and not replaces):
        raise RuntimeError(f"{made // len(rows)} of {wanted} locked tickets exist")


def _one_row(mark: str, columns: Sequence[str], _: int) -> str:
    marks = ", ".join(["id" if name == "ticket_id" else mark for name in columns])
    return f"SELECT {marks} FROM support_tickets WHERE id IN ({{ids}}) ORDER BY id"  # noqa: S608


def _several_rows(mark: str, columns: Sequence[str], count: int) -> str:
    """Each row with its place in a table of its own, which servers sort in a temporary one."""
    own = ", ".join([f"{mark} AS {name}" for name in columns if name != "ticket_id"])
    rows = " UNION ALL ".join([f"SELECT {place} AS place, {own}" for place in range(count)])
    chosen = ", ".join(["t.id" if name == "ticket_id" else f"e.{name}" for name in columns])
    return (
        f"SELECT {chosen} FROM support_tickets t CROSS JOIN ({rows}) e "  # noqa: S608
        "WHERE t.id IN ({ids}) ORDER BY t.id, e.place"
    )


def update_alike(
    connection: Connection, changes: Sequence[Change], columns: Sequence[str]
) -> list[Change]:
    """Write the tickets that get the same values, and the same entries behind their history.

    The server appends the entries to what it holds, which is what was read under the lock. Only
    MariaDB keeps JSON as it was written. Answers the changes that are left to be written.

    Raises:
        RuntimeError: one of the tickets is not there.
    """
    if not getattr(connection.dialect, "is_mariadb", False):
        return list(changes)
    groups: dict[Any, list[Change]] = {}
    left: list[Change] = []
    for before, after in changes:
        end = _appended(before, after)
        if end is None:
            left.append((before, after))
            continue
        names = [name for name in changed_columns(before, after, columns) if name != "metadata"]
        same = tuple([(name, getattr(after, name)) for name in names])
        groups.setdefault((same, end), []).append((before, after))
    for (same, (cut, end)), group in groups.items():
        if len(group) > 1:
            _update(connection, same, (cut, end), [after.id for _, after in group])
        else:
            left += group
    return left


def _appended(before: Ticket, after: Ticket) -> tuple[int, str] | None:
    """How the end of the stored metadata changed; None when more of it, or a long one, did."""
    if before.odd_values or len(after.metadata.stored_text or "") > _LONGEST_JOINED:
        return None
    return after.metadata.appended_to(before.metadata)


def _update(
    connection: Connection,
    same: Sequence[tuple[str, Any]],
    end: tuple[int, str],
    ids: Sequence[int],
) -> None:
    mark = placeholder(connection)
    cut, text = end
    joined = f"CONCAT(LEFT(metadata, CHAR_LENGTH(metadata) - {cut:d}), {mark})"
    sets = ", ".join([*(f"{name} = {mark}" for name, _ in same), f"metadata = {joined}"])
    values = (*(bound_value(connection, value) for _, value in same), text)
    statement = f"UPDATE support_tickets SET {sets} WHERE id IN ({id_list(ids)})"  # noqa: S608
    changed = connection.exec_driver_sql(statement, values).rowcount
    note_changed(connection, ids)
    if changed != len(ids):
        raise RuntimeError(f"{changed} of {len(ids)} locked tickets exist")
