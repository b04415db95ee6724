"""The columns that `--columns` picks: checked by name, paths reach into objects."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from difflib import get_close_matches

from savctl.errors import InvalidInput

_Row = Mapping[str, object]


def picked(row: _Row, columns: Sequence[str], *, known: Collection[str] = ()) -> _Row:
    """The columns asked for; `metadata.sla` reaches into objects. Without any, the whole row.

    Raises:
        InvalidInput: the row has no such column, and is not `known` to have it at times.
    """
    return {name: _reach(row, name, known) for name in columns} if columns else row


def check_columns(columns: Sequence[str], fields: Sequence[str]) -> None:
    """Pass when each column, or the one its path begins with, is among the fields.

    Raises:
        InvalidInput: one is not.
    """
    for name in columns:
        if not _heads(name).intersection(fields):
            raise _unknown(name, fields)


def check_paths(columns: Sequence[str], fields: Sequence[str], objects: Collection[str]) -> None:
    """Pass when each path begins with a column that holds an object.

    Raises:
        InvalidInput: one leads below a plain value.
    """
    for name in columns:
        head, dot, below = name.partition(".")
        if dot and name not in fields and head not in objects:
            raise _no_object(head, below)


def _reach(row: _Row, name: str, known: Collection[str]) -> object:
    for head in _paths(name):
        if head in row:
            return _below(row[head], name.removeprefix(head).strip("."), head)
    if _heads(name).intersection(known):
        return None
    raise _unknown(name, tuple(row))


def _below(value: object, path: str, head: str) -> object:
    if not path or value is None:
        return value
    if not isinstance(value, Mapping):
        raise _no_object(head, path)
    for part in path.split("."):
        if not isinstance(value, Mapping) or part not in value:
            return None
        value = value[part]
    return value


def _no_object(head: str, path: str) -> InvalidInput:
    return InvalidInput(
        f"--columns {head}.{path}: {head} holds no object", hint=f"Leave out .{path}."
    )


def _heads(name: str) -> set[str]:
    return set(_paths(name))


def _paths(name: str) -> Iterator[str]:
    """The name itself, then what its path begins with: `a.b.c`, `a.b`, `a`."""
    while name:
        yield name
        name = name.rpartition(".")[0]


def _unknown(name: str, fields: Sequence[str]) -> InvalidInput:
    head = name.partition(".")[0]
    near = get_close_matches(head, fields, n=1)
    guess = f"Did you mean {near[0]!r}? " if near else ""
    return InvalidInput(
        f"--columns: unknown column {head!r}", hint=f"{guess}Columns: {', '.join(fields)}."
    )
