"""The columns of a table: each difference with its level, and why it has it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from savctl.persistence.schema.inspection.shapes import NOW, ColumnShape, TableShape
from savctl.persistence.schema.inspection.types import (
    DifferenceLevel,
    DifferenceVerdict,
    judge_laravel_type,
    judge_sqlite_type,
    judge_type,
)
from savctl.persistence.schema.tables import OWN_PREFIX

LARAVEL = frozenset({"users", "jobs", "cache", "cache_locks"})
_NEVER_INSERTED = frozenset({"jobs", "cache", "cache_locks"})
_NULLABLE = frozenset({"created_at", "updated_at"})
_COLLATED = "support_tickets"


@dataclass(frozen=True, slots=True)
class ColumnDifference:
    """A difference of one column: which aspect, what was expected and found."""

    column: str
    aspect: str
    expected: str
    found: str
    verdict: DifferenceVerdict


def judge_columns(
    want: TableShape, got: TableShape, *, is_sqlite: bool
) -> Iterator[ColumnDifference]:
    """Every difference between the columns declared and those found."""
    for name, column in want.columns.items():
        live = got.columns.get(name)
        if live is None:
            why = DifferenceVerdict(DifferenceLevel.ERROR, "savctl reads and writes it")
            yield ColumnDifference(name, "column", str(column.type), "missing", why)
            continue
        yield from _judge(want.name, column, live, is_sqlite=is_sqlite)
    for name, extra in got.columns.items():
        if name not in want.columns:
            yield _judge_extra(want.name, extra)


def _judge(
    table: str, want: ColumnShape, got: ColumnShape, *, is_sqlite: bool
) -> Iterator[ColumnDifference]:
    verdicts = (
        ("type", str(want.type), str(got.type), _type(table, want, got, is_sqlite=is_sqlite)),
        ("nullability", _null(want), _null(got), _nullability(table, want, got)),
        ("default", str(want.default), str(got.default), _default(table, want, got)),
        ("on update", "nothing", NOW, _on_update(want, got)),
        ("numbering", "automatic", "none", _numbering(want, got, is_sqlite=is_sqlite)),
        (
            "collation",
            str(want.collation),
            str(got.collation),
            _collation(table, want, got, is_sqlite=is_sqlite),
        ),
    )
    for aspect, expected, found, verdict in verdicts:
        if verdict is not None:
            yield ColumnDifference(want.name, aspect, expected, found, verdict)


def _type(
    table: str, want: ColumnShape, got: ColumnShape, *, is_sqlite: bool
) -> DifferenceVerdict | None:
    if is_sqlite:
        return judge_sqlite_type(want.type, got.type)
    if table in LARAVEL:
        return judge_laravel_type(want.type, got.type)
    return judge_type(want.type, got.type)


def _nullability(table: str, want: ColumnShape, got: ColumnShape) -> DifferenceVerdict | None:
    if want.nullable == got.nullable:
        return None
    if table in LARAVEL:
        return DifferenceVerdict(DifferenceLevel.TOLERATED, "Laravel's own choice for it")
    if want.nullable:
        return DifferenceVerdict(
            DifferenceLevel.ERROR, "savctl stores NULL there where nothing is known"
        )
    if want.name in _NULLABLE and not table.startswith(OWN_PREFIX):
        return DifferenceVerdict(
            DifferenceLevel.TOLERATED, "Laravel's timestamps(): savctl reads NULL there"
        )
    return DifferenceVerdict(DifferenceLevel.ERROR, "a value is needed, and NULL would be let in")


def _default(table: str, want: ColumnShape, got: ColumnShape) -> DifferenceVerdict | None:
    if want.default == got.default:
        return None
    if table in LARAVEL or (got.default == NOW and want.name in _NULLABLE):
        return DifferenceVerdict(DifferenceLevel.TOLERATED, "savctl always gives a value")
    if got.default is None:
        return DifferenceVerdict(
            DifferenceLevel.TOLERATED, "savctl always gives a value; others must, too"
        )
    if want.type.kind == "timestamp":
        return DifferenceVerdict(
            DifferenceLevel.ERROR, "rows of other programs would get a time nobody meant"
        )
    if want.default is None:
        return DifferenceVerdict(DifferenceLevel.TOLERATED, "savctl always gives a value")
    return DifferenceVerdict(
        DifferenceLevel.ERROR, "rows of other programs would start with another value"
    )


def _on_update(want: ColumnShape, got: ColumnShape) -> DifferenceVerdict | None:
    if not got.updates_itself:
        return None
    if want.name == "updated_at":
        return DifferenceVerdict(DifferenceLevel.TOLERATED, "savctl writes it with every change")
    return DifferenceVerdict(
        DifferenceLevel.ERROR, "every change of a row would overwrite it with the present time"
    )


def _numbering(
    want: ColumnShape, got: ColumnShape, *, is_sqlite: bool
) -> DifferenceVerdict | None:
    if got.numbered or not want.numbered:
        return None
    if is_sqlite:
        return DifferenceVerdict(
            DifferenceLevel.TOLERATED, "SQLite may hand out the id of a deleted row again"
        )
    return DifferenceVerdict(DifferenceLevel.ERROR, "new rows would get no id")


def _collation(
    table: str, want: ColumnShape, got: ColumnShape, *, is_sqlite: bool
) -> DifferenceVerdict | None:
    if want.collation is None or got.collation in {None, want.collation}:
        return None
    if is_sqlite:
        return DifferenceVerdict(
            DifferenceLevel.TOLERATED, "case counts: TKT-A and tkt-a are two numbers"
        )
    if got.collation is not None and not got.collation.startswith("utf8mb4_"):
        level = DifferenceLevel.TOLERATED if table in _NEVER_INSERTED else DifferenceLevel.ERROR
        return DifferenceVerdict(level, "not every character can be stored")
    if table == _COLLATED or table.startswith(OWN_PREFIX):
        return DifferenceVerdict(
            DifferenceLevel.ERROR, "which numbers and categories are equal would differ"
        )
    return DifferenceVerdict(DifferenceLevel.TOLERATED, "savctl compares nothing there")


def _judge_extra(table: str, extra: ColumnShape) -> ColumnDifference:
    is_needed = not (extra.nullable or extra.default or extra.generated or extra.numbered)
    if is_needed and table not in _NEVER_INSERTED:
        why = "a value is needed that savctl does not know: its inserts would fail"
        verdict = DifferenceVerdict(DifferenceLevel.ERROR, why)
    else:
        verdict = DifferenceVerdict(
            DifferenceLevel.TOLERATED, "another program's column; savctl leaves it alone"
        )
    form = f"{extra.type}, {_null(extra)}"
    return ColumnDifference(extra.name, "column", "none", form, verdict)


def _null(column: ColumnShape) -> str:
    return "NULL" if column.nullable else "NOT NULL"
