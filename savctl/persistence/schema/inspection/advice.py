"""A difference in words: what it is, how bad, and what an operator types against it."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import Table
from sqlalchemy.engine import Dialect

from savctl.persistence.schema.inspection.columns import ColumnDifference
from savctl.persistence.schema.inspection.declared import (
    add_statement,
    index_statement,
    key_statement,
    modify_statement,
)
from savctl.persistence.schema.inspection.keys import KeyFinding
from savctl.persistence.schema.inspection.types import DifferenceLevel, DifferenceVerdict


@dataclass(frozen=True, slots=True, kw_only=True)
class Difference:
    """One way in which a table is not as declared: why it matters, and the SQL against it."""

    level: DifferenceLevel
    table: str
    column: str | None
    aspect: str
    expected: str
    found: str
    why: str
    repair: str | None = None

    @property
    def place(self) -> str:
        """The table, with the column or the columns."""
        return f"{self.table}.{self.column}" if self.column else self.table

    def as_row(self) -> dict[str, object]:
        """The form in which it is printed."""
        return {
            "level": str(self.level),
            "table": self.table,
            "column": self.column,
            "aspect": self.aspect,
            "expected": self.expected,
            "found": self.found,
            "why": self.why,
            "repair": self.repair,
        }

    def as_line(self) -> str:
        """The same as one line of an error message."""
        return f"{self.place}: {self.aspect} should be {self.expected}, is {self.found}"


def of_table(
    name: str,
    aspect: str,
    expected: str,
    found: str,
    verdict: DifferenceVerdict,
    repair: str | None = None,
) -> Difference:
    """A difference of the table as a whole."""
    return Difference(
        level=verdict.level,
        table=name,
        column=None,
        aspect=aspect,
        expected=expected,
        found=found,
        why=verdict.why,
        repair=repair,
    )


def of_column(table: Table, finding: ColumnDifference, dialect: Dialect) -> Difference:
    """A difference of one column."""
    return Difference(
        level=finding.verdict.level,
        table=table.name,
        column=finding.column,
        aspect=finding.aspect,
        expected=finding.expected,
        found=finding.found,
        why=finding.verdict.why,
        repair=_repair(table, finding, dialect),
    )


def of_key(table: Table, finding: KeyFinding, dialect: Dialect) -> Difference:
    """A difference of an index or a foreign key."""
    repair: str | None = None
    if finding.found == "missing" and finding.aspect == "index":
        repair = _index_repair(table, finding, dialect)
    elif finding.key is not None:
        repair = key_statement(finding.key, dialect)
    return Difference(
        level=finding.verdict.level,
        table=table.name,
        column=", ".join(finding.columns) or None,
        aspect=finding.aspect,
        expected=finding.expected,
        found=finding.found,
        why=finding.verdict.why,
        repair=repair,
    )


def _repair(table: Table, finding: ColumnDifference, dialect: Dialect) -> str | None:
    if finding.verdict.level is not DifferenceLevel.ERROR:
        return None
    column = table.columns.get(finding.column)
    if column is None:
        return f"give {table.name}.{finding.column} a default or let it be NULL"
    if finding.found == "missing":
        return add_statement(column, dialect)
    if finding.aspect == "collation":
        return (
            f"ALTER TABLE {table.name} CONVERT TO CHARACTER SET utf8mb4 COLLATE {finding.expected}"
        )
    return modify_statement(column, dialect)


def _index_repair(table: Table, finding: KeyFinding, dialect: Dialect) -> str:
    if finding.expected.startswith("primary"):
        return f"ALTER TABLE {table.name} ADD PRIMARY KEY ({', '.join(finding.columns)})"
    return index_statement(table, finding.columns, dialect)
