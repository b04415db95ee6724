"""From a row of another program's file to the fields savctl knows.

A `FieldSource` describes where one field's value is read; `FieldBinding` joins the sources to the
columns that a file really has. Values come out as the file holds them: what they must be to make a
ticket is checked in `incoming`.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from difflib import get_close_matches
from typing import Any

from savctl.domain.imports.mapping_errors import MappingError, Path
from savctl.domain.imports.templates import Template
from savctl.errors import InvalidInput

# A row is a list of cells (CSV) or an object (JSON lines).
Row = Any
Getter = Callable[[Row], object]


@dataclass(frozen=True, slots=True, kw_only=True)
class FieldSource:
    """Where a field's value comes from: a column, a template of columns, or a constant.

    Then, in this order: words for "nothing" become None, `pattern` keeps its first group,
    `values` translates, `offset` is added to a whole number, and None becomes `default`.
    """

    column: str | None = None
    template: Template | None = None
    constant: object = None
    values: Mapping[str, object] = field(default_factory=dict)
    pattern: re.Pattern[str] | None = None
    offset: int = 0
    default: object = None
    path: Path = ("fields", "?")  # where it stands in the mapping file

    @property
    def columns(self) -> tuple[str, ...]:
        """The columns it reads."""
        if self.template is not None:
            return self.template.columns
        return (self.column,) if self.column is not None else ()

    @property
    def label(self) -> str:
        """What it reads, as the mapping file calls it."""
        return self.template.text if self.template is not None else str(self.column)


class FieldBinding:
    """Sources joined to a file's columns; `header` is None for JSON lines.

    Raises:
        MappingError: a column is missing, or named twice in the header.
    """

    def __init__(
        self,
        sources: Mapping[str, FieldSource],
        header: Sequence[str] | None,
        nulls: frozenset[str],
    ) -> None:
        self._header = header
        self._nulls = nulls
        self._getters = tuple((name, self._getter(s)) for name, s in sources.items())

    def fields(self, row: Row) -> dict[str, object]:
        """The fields of one row; None for those it has no value for.

        Raises:
            InvalidInput: a value does not fit the mapping.
        """
        return {name: get(row) for name, get in self._getters}

    def _getter(self, source: FieldSource) -> Getter:
        if source.template is not None:
            read = self._filled(source.template, source)
        elif source.column is not None:
            read = self._reader(source.column, source)
        else:
            return lambda _: source.constant
        plain = not source.values and source.pattern is None and not source.offset
        return read if plain and source.default is None else _translated(read, source)

    def _reader(self, column: str, source: FieldSource) -> Getter:
        nulls = self._nulls
        if self._header is None:

            def from_object(row: Row) -> object:
                value = row.get(column)
                return None if isinstance(value, str) and value in nulls else value

            return from_object
        at = self._position(column, source)

        def from_cells(row: Row) -> object:
            value = row[at]
            return None if value in nulls else value

        return from_cells

    def _filled(self, template: Template, source: FieldSource) -> Getter:
        readers = [self._reader(column, source) for column in template.columns]

        def fill(row: Row) -> object:
            found = [read(row) for read in readers]
            if found and all(value is None for value in found):
                return None
            return template.filled(["" if value is None else str(value) for value in found])

        return fill

    def _position(self, column: str, source: FieldSource) -> int:
        header = list(self._header or ())
        times = header.count(column)
        if times == 1:
            return header.index(column)
        if times:
            raise MappingError(f"{column!r} stands {times} times in the header", source.path)
        near = get_close_matches(column, header, n=1)
        guess = f"Did you mean {near[0]!r}? " if near else ""
        raise MappingError(
            f"the file has no column {column!r}",
            source.path,
            hint=f"{guess}It has: {', '.join(header)}.",
        )


def _translated(read: Getter, source: FieldSource) -> Getter:
    def translate(row: Row) -> object:
        value = read(row)
        if value is None:
            return source.default
        if source.pattern is not None:
            value = _extracted(str(value), source)
        if source.values:
            value = source.values.get(str(value), value)
        return value if not source.offset else _moved(value, source)

    return translate


def _extracted(text: str, source: FieldSource) -> str:
    match = source.pattern.search(text) if source.pattern else None
    if match is None:
        raise InvalidInput(f"{source.label} {text[:60]!r} does not match its pattern")
    return match.group(1)


def _moved(value: object, source: FieldSource) -> int:
    try:
        return int(str(value)) + source.offset
    except ValueError:
        raise InvalidInput(f"{source.label} {str(value)[:60]!r} is not a whole number") from None
