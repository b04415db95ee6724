"""Counters that only grow, whatever becomes of the rows that were counted (rules 18.2).

A total is raised in the transaction in which the counted thing happens. Rows of runs, events,
breaches and messages are removed later by age, by the archive and by erasures; totals stay.
"""

from __future__ import annotations

import json
import random
from collections.abc import Mapping

from sqlalchemy import Connection, func, select

from savctl.persistence.schema.tables import totals
from savctl.persistence.sql import placeholders

TotalKey = tuple[str, ...]  # the name of the total, and the values of its labels
_T = totals.c
_INSERT = "INSERT INTO savctl_totals (name, labels, part, value) VALUES "
_ADD = " ON DUPLICATE KEY UPDATE value = savctl_totals.value + VALUES(value)"
_ADD_SQLITE = " ON CONFLICT (name, labels, part) DO UPDATE SET value = value + excluded.value"
_LONGEST_VALUE = 100  # characters of one label: two fit into the column


def add_to_totals(
    connection: Connection, counts: Mapping[TotalKey, int], *, parts: int = 1
) -> None:
    """Raise totals by these counts, with one statement.

    What many transactions raise at once is spread over `parts` rows, so that they do not wait
    for each other. One writer at a time, as a job's lease makes it, needs one.
    """
    part = random.randrange(parts)  # noqa: S311 - no secret
    rows = [
        (key[0], _labels(key[1:]), part, count)
        for key, count in sorted(counts.items())  # in one order: no deadlock of two writers
        if count > 0
    ]
    if not rows:
        return
    # ready text: SQLAlchemy would compile a list of rows anew for each transaction
    one = f"({placeholders(connection, 4)})"
    is_sqlite = connection.dialect.name == "sqlite"
    statement = _INSERT + ", ".join([one] * len(rows)) + (_ADD_SQLITE if is_sqlite else _ADD)
    connection.exec_driver_sql(statement, tuple(value for row in rows for value in row))


def read_totals(connection: Connection) -> dict[TotalKey, int]:
    """Every total by its name and labels."""
    query = select(_T.name, _T.labels, func.sum(_T.value)).group_by(_T.name, _T.labels)
    return {
        (name, *map(str, json.loads(labels))): int(value)
        for name, labels, value in connection.execute(query)
    }


def _labels(values: tuple[str, ...]) -> str:
    return json.dumps([value[:_LONGEST_VALUE] for value in values], ensure_ascii=False)
