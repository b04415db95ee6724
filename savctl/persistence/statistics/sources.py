"""What of the server's own statistics this user may read, and what opens the rest.

performance_schema is off by default on MariaDB, and on both servers it wants a privilege of its
own. So each source answers either its rows or a gap: what stays unknown, and the statement that
an administrator runs against it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, text
from sqlalchemy.exc import DBAPIError

from savctl.persistence.driver_errors import is_refused

_SWITCHED = "Set performance_schema = ON in the server's configuration and restart it"


@dataclass(frozen=True, slots=True, kw_only=True)
class StatisticsGap:
    """What cannot be known, why, and the statement (or the step) that changes it."""

    unknown: str
    why: str
    statement: str

    def as_line(self) -> str:
        """The gap for a person."""
        return f"{self.unknown} unknown: {self.why}. To see it: {self.statement}"


def global_values(connection: Connection, *names: str) -> Mapping[str, str]:
    """Settings of the server by their names in lower case; it may not know all of them."""
    marks = ", ".join(f":n{at}" for at in range(len(names)))
    query = text(f"SHOW GLOBAL VARIABLES WHERE Variable_name IN ({marks})")
    rows = connection.execute(query, {f"n{at}": name for at, name in enumerate(names)})
    return {str(row[0]).lower(): str(row[1]) for row in rows}


def global_counts(connection: Connection, *names: str) -> Mapping[str, int]:
    """Counters of the server since its start."""
    marks = ", ".join(f":n{at}" for at in range(len(names)))
    query = text(f"SHOW GLOBAL STATUS WHERE Variable_name IN ({marks})")
    rows = connection.execute(query, {f"n{at}": name for at, name in enumerate(names)})
    return {str(row[0]).lower(): int(row[1]) for row in rows}


def is_on(value: str | None) -> bool:
    """Whether a setting of the server is switched on."""
    return str(value).upper() in {"ON", "1", "YES"}


def rows_or_gap(
    connection: Connection, query: str, values: Mapping[str, Any], *, unknown: str, grant_on: str
) -> list[Any] | StatisticsGap:
    """The rows of a query, or which privilege it takes."""
    try:
        with connection.begin_nested():
            return list(connection.execute(text(query), values))
    except DBAPIError as problem:
        if not is_refused(problem):
            raise
    return StatisticsGap(
        unknown=unknown,
        why=f"this user may not read {grant_on}",
        statement=f"GRANT SELECT ON {grant_on} TO {account(connection)}",
    )


def account(connection: Connection) -> str:
    """The user of this connection as GRANT takes it: `'savctl'@'%'`."""
    name, _, host = str(connection.execute(text("SELECT CURRENT_USER()")).scalar()).rpartition("@")
    quoted = (part.replace("\\", "\\\\").replace("'", "''") for part in (name, host))
    return "@".join(f"'{part}'" for part in quoted)


def performance_schema_gap(
    connection: Connection, *, unknown: str, table: str, name: str
) -> StatisticsGap | None:
    """Why performance_schema does not know it, if so: it is off, or one part of it is.

    Args:
        table: `setup_consumers` or `setup_instruments`.
        name: the row of it that must be enabled.
    """
    if not is_on(global_values(connection, "performance_schema").get("performance_schema")):
        return StatisticsGap(
            unknown=unknown, why="performance_schema is off", statement=f"{_SWITCHED}."
        )
    found = rows_or_gap(
        connection,
        f"SELECT ENABLED FROM performance_schema.{table} WHERE NAME = :name",  # noqa: S608
        {"name": name},
        unknown=unknown,
        grant_on="performance_schema.*",
    )
    if isinstance(found, StatisticsGap):
        return found
    if found and is_on(found[0][0]):
        return None
    return StatisticsGap(
        unknown=unknown,
        why=f"{name} of performance_schema is off",
        statement=f"UPDATE performance_schema.{table} SET ENABLED = 'YES' "  # noqa: S608 - shown
        f"WHERE NAME = '{name}'",
    )
