"""The columns of a table: each difference with its level, and why it has it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from savctl.persistence.schema.inspection.shapes import NOW, ColumnShape, TableShape
from savctl.persistence.schema.inspection.types import (
    Level,
    Verdict,
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
class Finding:
    """A difference of one column: which aspect, what was expected and found."""

    column: str
    aspect: str
    expected: str
    found: str
    verdict: Verdict


def judge_columns(want: TableShape, got: TableShape, *, is_sqlite: bool) -> Iterator[Finding]:
    """Every difference between the columns declared and those found."""
    for name, column in want.columns.items():
        live = got.columns.get(name)
        if live is None:
            why = Verdict(Level.ERROR, "savctl reads and writes it")
            yield Finding(name, "column", str(column.type), "missing", why)
            continue
        yield from _judge(want.name, column, live, is_sqlite=is_sqlite)
    for name, extra in got.columns.items():
        if name not in want.columns:
            yield _judge_extra(want.name, extra)


def _judge(
    table: str, want: ColumnShape, got: ColumnShape, *, is_sqlite: bool
) -> Iterator[Finding]:
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
            yield Finding(want.name, aspect, expected, found, verdict)


def _type(table: str, want: ColumnShape, got: ColumnShape, *, is_sqlite: bool) -> Verdict | None:
    if is_sqlite:
        return judge_sqlite_type(want.type, got.type)
    if table in LARAVEL:
        return judge_laravel_type(want.type, got.type)
    return judge_type(want.type, got.type)


def _nullability(table: str, want: ColumnShape, got: ColumnShape) -> Verdict | None:
    if want.nullable == got.nullable:
        return None
    if table in LARAVEL:
        return Verdict(Level.TOLERATED, "Laravel's own choice for it")
    if want.nullable:
        return Verdict(Level.ERROR, "savctl stores NULL there where nothing is known")
    if want.name in _NULLABLE and not table.startswith(OWN_PREFIX):
        return Verdict(Level.TOLERATED, "Laravel's timestamps(): savctl reads NULL there")
    return Verdict(Level.ERROR, "a value is needed, and NULL would be let in")


def _default(table: str, want: ColumnShape, got: ColumnShape) -> Verdict | None:
    if want.default == got.default:
        return None
    if table in LARAVEL or (got.default == NOW and want.name in _NULLABLE):
        return Verdict(Level.TOLERATED, "savctl always gives a value")
    if got.default is None:
        return Verdict(Level.TOLERATED, "savctl always gives a value; others must, too")
    if want.type.kind == "timestamp":
        return Verdict(Level.ERROR, "rows of other programs would get a time nobody meant")
    if want.default is None:
        return Verdict(Level.TOLERATED, "savctl always gives a value")
    return Verdict(Level.ERROR, "rows of other programs would start with another value")


def _on_update(want: ColumnShape, got: ColumnShape) -> Verdict | None:
    if not got.updates_itself:
        return None
    if want.name == "updated_at":
        return Verdict(Level.TOLERATED, "savctl writes it with every change")
    return Verdict(Level.ERROR, "every change of a row would overwrite it with the present time")


def _numbering(want: ColumnShape, got: ColumnShape, *, is_sqlite: bool) -> Verdict | None:
    if got.numbered or not want.numbered:
        return None
    if is_sqlite:
        return Verdict(Level.TOLERATED, "SQLite may hand out the id of a deleted row again")
    return Verdict(Level.ERROR, "new rows would get no id")


def _collation(
    table: str, want: ColumnShape, got: ColumnShape, *, is_sqlite: bool
) -> Verdict | None:
    if want.collation is None or got.collation in {None, want.collation}:
        return None
    if is_sqlite:
        return Verdict(Level.TOLERATED, "case counts: TKT-A and tkt-a are two numbers")
    if got.collation is not None and not got.collation.startswith("utf8mb4_"):
        level = Level.TOLERATED if table in _NEVER_INSERTED else Level.ERROR
        return Verdict(level, "not every character can be stored")
    if table == _COLLATED or table.startswith(OWN_PREFIX):
        return Verdict(Level.ERROR, "which numbers and categories are equal would differ")
    return Verdict(Level.TOLERATED, "savctl compares nothing there")


def _judge_extra(table: str, extra: ColumnShape) -> Finding:
    is_needed = not (extra.nullable or extra.default or extra.generated or extra.numbered)
    if is_needed and table not in _NEVER_INSERTED:
        why = "a value is needed that savctl does not know: its inserts would fail"
        verdict = Verdict(Level.ERROR, why)
    else:
        verdict = Verdict(Level.TOLERATED, "another program's column; savctl leaves it alone")
    form = f"{extra.type}, {_null(extra)}"
    return Finding(extra.name, "column", "none", form, verdict)


def _null(column: ColumnShape) -> str:
    return "NULL" if column.nullable else "NOT NULL"
