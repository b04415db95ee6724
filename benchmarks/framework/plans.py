"""What the database does for a query: the statements sent, their plans, the rows they touch."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import Connection, event

from savctl.persistence.engine import Database


def few(tickets: int) -> int:
    """So many rows or index entries may be sorted, or looked through, for a page of fifty."""
    return max(5_000, tickets // 100)


_TABLE = re.compile(r"(?:SCAN|SEARCH) (support_tickets|ticket_messages|users)\b")


@dataclass(frozen=True, slots=True)
class Statement:
    """One statement as the driver got it."""

    sql: str
    values: Any


@dataclass(slots=True)
class Plan:
    """The indexes used, and what is wrong with them."""

    indexes: list[str] = field(default_factory=list)
    faults: list[str] = field(default_factory=list)


@contextmanager
def recorded(database: Database) -> Iterator[list[Statement]]:
    """The SELECTs sent inside the block."""
    found: list[Statement] = []

    def note(_c: Any, _cursor: Any, sql: str, values: Any, *_: Any) -> None:
        if sql.lstrip().upper().startswith("SELECT"):
            found.append(Statement(sql, values))

    event.listen(database.engine, "before_cursor_execute", note)
    try:
        yield found
    finally:
        event.remove(database.engine, "before_cursor_execute", note)


def plan_of(connection: Connection, statement: Statement, *, limit: int) -> Plan:
    """How the database would run this statement; at fault when it handles more than `limit`."""
    is_sqlite = connection.dialect.name == "sqlite"
    explain = "EXPLAIN QUERY PLAN" if is_sqlite else "EXPLAIN FORMAT=TRADITIONAL"
    rows = connection.exec_driver_sql(f"{explain} {statement.sql}", statement.values).mappings()
    plan = Plan()
    if is_sqlite:
        _judge_sqlite([(row["parent"], str(row["detail"])) for row in rows], plan)
        return plan
    for row in rows:
        _judge_server(dict(row), plan, limit)
    return plan


def rows_read(connection: Connection) -> int:
    """How many rows and index entries the server has handed out since it started."""
    rows = connection.exec_driver_sql("SHOW GLOBAL STATUS LIKE 'Handler_read%%'")
    return sum(int(value) for name, value in rows)


def _judge_server(row: dict[str, Any], plan: Plan, limit: int) -> None:
    table, how, key = row.get("table"), row.get("type"), row.get("key")
    estimate, extra = _count(row.get("rows")), str(row.get("Extra") or "")
    if key:
        plan.indexes.append(str(key))
    if how == "ALL" and table is not None and estimate > limit:
        plan.faults.append(f"full scan of {table} ({estimate:,} rows)")
    if how == "index" and estimate > limit:
        plan.faults.append(f"whole index {key} ({estimate:,} entries)")
    if "filesort" in extra and estimate > limit:
        plan.faults.append(f"sorts {estimate:,} rows")


def _judge_sqlite(steps: Sequence[tuple[int, str]], plan: Plan) -> None:
    """SQLite tells no numbers; but what it sorts must be a few pages, not rows of a table."""
    reading = {parent for parent, step in steps if _TABLE.match(step)}
    for parent, step in steps:
        table = _TABLE.match(step)
        used = re.search(r"USING (?:COVERING )?INDEX (\S+)", step)
        if used:
            plan.indexes.append(used[1])
        elif table:
            plan.indexes.append("PRIMARY" if "PRIMARY KEY" in step else "in id order")
        if "TEMP B-TREE FOR ORDER BY" in step and parent in reading:
            plan.faults.append("sorts what it found")


def _count(rows: object) -> int:
    """The estimate; MariaDB writes `51 (12%)` where a second index filters."""
    found = re.match(r"\d+", str(rows or 0))
    return int(found[0]) if found else 0
