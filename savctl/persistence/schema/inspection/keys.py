"""Indexes and foreign keys of a table: each difference with its level, and why it has it.

Names do not matter. A declared index is there when another index begins with its columns; a
unique one must be unique over exactly its columns.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from savctl.persistence.schema.inspection.columns import LARAVEL
from savctl.persistence.schema.inspection.shapes import IndexShape, KeyShape, TableShape
from savctl.persistence.schema.inspection.types import DifferenceLevel, DifferenceVerdict
from savctl.persistence.schema.tables import OWN_PREFIX

_HARMLESS_RULES = frozenset({"CASCADE", "SET NULL"})


@dataclass(frozen=True, slots=True)
class KeyFinding:
    """A difference of an index or a foreign key."""

    columns: tuple[str, ...]
    aspect: str
    expected: str
    found: str
    verdict: DifferenceVerdict
    key: KeyShape | None = None


def judge_indexes(want: TableShape, got: TableShape) -> Iterator[KeyFinding]:
    """Indexes that are missing, and unique ones that would refuse our rows."""
    for index in want.indexes:
        if not _has(got, index):
            verdict = _missing(want.name, index)
            yield KeyFinding(index.columns, "index", _form(index), "missing", verdict)
    for index in got.indexes:
        if _refuses_rows(want, index):
            why = "rows that the schema allows would be refused"
            verdict = DifferenceVerdict(DifferenceLevel.ERROR, why)
            yield KeyFinding(index.columns, "index", "not unique", _form(index), verdict)


def judge_foreign_keys(want: TableShape, got: TableShape) -> Iterator[KeyFinding]:
    """Foreign keys that are missing, act otherwise, or should not be there."""
    live = {key.columns: key for key in got.foreign_keys}
    wanted = {key.columns for key in want.foreign_keys}
    for key in want.foreign_keys:
        there = live.get(key.columns)
        if there is None or _meaning(there) != _meaning(key):
            found = "missing" if there is None else _key_form(there)
            verdict = DifferenceVerdict(
                DifferenceLevel.ERROR, "a deleted ticket would leave rows behind"
            )
            yield KeyFinding(key.columns, "foreign key", _key_form(key), found, verdict, key)
    for columns, key in live.items():
        if columns not in wanted and want.name not in LARAVEL:
            why = "references have no foreign key: a row may be stored before the one it names"
            verdict = DifferenceVerdict(DifferenceLevel.ERROR, why)
            yield KeyFinding(columns, "foreign key", "none", _key_form(key), verdict)
    yield from _references(want, got)


def _references(want: TableShape, got: TableShape) -> Iterator[KeyFinding]:
    ours = {(key.table, key.columns) for key in want.referenced_by}
    for key in got.referenced_by:
        is_ours = (key.table, key.columns) in ours
        if not is_ours and key.on_delete not in _HARMLESS_RULES and want.name not in LARAVEL:
            why = "while it has a row there, a ticket can be neither archived nor erased"
            verdict = DifferenceVerdict(DifferenceLevel.TOLERATED, why)
            found = f"{key.table}({', '.join(key.columns)}) refers to it"
            yield KeyFinding((), "foreign key", "none", found, verdict)


def _has(got: TableShape, wanted: IndexShape) -> bool:
    if wanted.primary:
        return any(i.primary and i.columns == wanted.columns for i in got.indexes)
    if wanted.unique:
        return any(i.unique and set(i.columns) == set(wanted.columns) for i in got.indexes)
    length = len(wanted.columns)
    return any(i.columns[:length] == wanted.columns for i in got.indexes)


def _missing(table: str, index: IndexShape) -> DifferenceVerdict:
    if index.primary:
        return DifferenceVerdict(DifferenceLevel.ERROR, "rows cannot be distinguished")
    if index.unique:
        return DifferenceVerdict(DifferenceLevel.ERROR, "the same value could be stored twice")
    if table in LARAVEL:
        return DifferenceVerdict(DifferenceLevel.TOLERATED, "savctl does not search there")
    if len(index.columns) > 1 and not table.startswith(OWN_PREFIX):
        return DifferenceVerdict(
            DifferenceLevel.TOLERATED, "suggested for speed; lists are slower without it"
        )
    return DifferenceVerdict(
        DifferenceLevel.ERROR, "specified; every search would read the whole table"
    )


def _refuses_rows(want: TableShape, index: IndexShape) -> bool:
    """A unique index over specified columns alone that holds no declared unique key."""
    if not index.unique or want.name in LARAVEL or not set(index.columns) <= set(want.columns):
        return False
    declared = [set(i.columns) for i in want.indexes if i.unique]
    return not any(columns <= set(index.columns) for columns in declared)


def _meaning(key: KeyShape) -> tuple[str, str]:
    return key.remote_table, key.on_delete


def _form(index: IndexShape) -> str:
    kind = "primary key" if index.primary else "unique" if index.unique else "index"
    return f"{kind} ({', '.join(index.columns)})"


def _key_form(key: KeyShape) -> str:
    return f"({', '.join(key.columns)}) to {key.remote_table} on delete {key.on_delete.lower()}"
