"""From a row of another program's file to the fields savctl knows.

A `FieldSource` describes where one field's value is read; `FieldBinding` joins the sources to the
columns that a file really has. Values come out as the file holds them: what they must be to make a
ticket is checked in `incoming`.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from savctl.errors import InvalidInput

# A row is a list of cells (CSV) or an object (JSON lines).
Row = Any
Getter = Callable[[Row], object]

_PLACE = re.compile(r"\{([^{}]+)\}")


@dataclass(frozen=True, slots=True, kw_only=True)
class FieldSource:
    """Where a field's value comes from: a column, a template of columns, or a constant.

    Then, in this order: words for "nothing" become None, `pattern` keeps its first group,
    `values` translates, `offset` is added to a whole number, and None becomes `default`.
    """

    column: str | None = None
    template: str | None = None
    constant: object = None
    values: Mapping[str, object] = field(default_factory=dict)
    pattern: re.Pattern[str] | None = None
    offset: int = 0
    default: object = None

    @property
    def columns(self) -> tuple[str, ...]:
        """The columns it reads."""
        if self.template is not None:
            return tuple(_PLACE.findall(self.template))
        return (self.column,) if self.column is not None else ()


class FieldBinding:
    """Sources joined to a file's columns; `header` is None for JSON lines.

    Raises:
        InvalidInput: a column is missing, or named twice in the header.
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
            return self._filled(source.template, source)
        if source.column is None:
            return lambda _: source.constant
        read = self._reader(source.column)
        plain = not source.values and source.pattern is None and not source.offset
        return read if plain and source.default is None else _translated(read, source)

    def _reader(self, column: str) -> Getter:
        nulls = self._nulls
        if self._header is None:

            def from_object(row: Row) -> object:
                value = row.get(column)
                return None if isinstance(value, str) and value in nulls else value

            return from_object
        at = self._position(column)

        def from_cells(row: Row) -> object:
            value = row[at]
            return None if value in nulls else value

        return from_cells

    def _filled(self, template: str, source: FieldSource) -> Getter:
        readers = [self._reader(column) for column in source.columns]
        literal = _PLACE.split(template)[0::2]

        def fill(row: Row) -> object:
            found = [read(row) for read in readers]
            if all(value is None for value in found):
                return source.default
            texts = ["" if value is None else str(value) for value in found]
            return "".join(a + b for a, b in zip(literal, [*texts, ""], strict=True))

        return fill

    def _position(self, column: str) -> int:
        header = self._header or ()
        times = list(header).count(column)
        if times == 1:
            return list(header).index(column)
        if times:
            raise InvalidInput(f"the column {column!r} stands {times} times in the header")
        raise InvalidInput(
            f"the file has no column {column!r}", hint=f"It has: {', '.join(header)}."
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
        raise InvalidInput(f"{source.column} {text[:60]!r} does not match its pattern")
    return match.group(1)


def _moved(value: object, source: FieldSource) -> int:
    try:
        return int(str(value)) + source.offset
    except ValueError:
        raise InvalidInput(f"{source.column} {str(value)[:60]!r} is no whole number") from None
