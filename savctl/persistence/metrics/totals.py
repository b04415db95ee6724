"""Counters that only grow, whatever becomes of the rows that were counted (rules 18.2).

A total is raised in the transaction in which the counted thing happens. Rows of runs, events,
breaches and messages are removed later by age, by the archive and by erasures; totals stay.
"""

from __future__ import annotations

import json
import random
from collections.abc import Mapping

from sqlalchemy import Connection, func, select
from sqlalchemy.dialects import mysql, sqlite

from savctl.persistence.schema.tables import totals

TotalKey = tuple[str, ...]  # the name of the total, and the values of its labels
_T = totals.c
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
        {"name": key[0], "labels": _labels(key[1:]), "part": part, "value": count}
        for key, count in sorted(counts.items())  # in one order: no deadlock of two writers
        if count > 0
    ]
    if not rows:
        return
    if connection.dialect.name == "sqlite":
        new = sqlite.insert(totals).values(rows)
        keys = [_T.name, _T.labels, _T.part]
        grown = {"value": _T.value + new.excluded.value}
        connection.execute(new.on_conflict_do_update(index_elements=keys, set_=grown))
    else:
        given = mysql.insert(totals).values(rows)
        grown = {"value": _T.value + given.inserted.value}
        connection.execute(given.on_duplicate_key_update(grown))


def read_totals(connection: Connection) -> dict[TotalKey, int]:
    """Every total by its name and labels."""
    query = select(_T.name, _T.labels, func.sum(_T.value)).group_by(_T.name, _T.labels)
    return {
        (name, *map(str, json.loads(labels))): int(value)
        for name, labels, value in connection.execute(query)
    }


def _labels(values: tuple[str, ...]) -> str:
    return json.dumps([value[:_LONGEST_VALUE] for value in values], ensure_ascii=False)
