"""Records of a file become tickets to be stored: which column is which, and each row's name."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Mapping, Sequence

from savctl.domain.imports.field_mapping import FieldBinding, FieldSource
from savctl.domain.imports.imported_ticket import (
    ImportContext,
    Incoming,
    external_id_of,
    parse_imported,
)
from savctl.domain.imports.mapping import FIELDS, Mapped
from savctl.domain.imports.mapping_errors import MappingError
from savctl.domain.model import numbers
from savctl.domain.model.own_members import RESERVED
from savctl.errors import InvalidInput
from savctl.usecases.imports.records import Record
from savctl.usecases.imports.rows import Rows

_REQUIRED = ("user_id", "subject", "description")
_IGNORED = ("id",)  # the database numbers tickets by itself
_HINT = "Give the meaning of the columns in a mapping file: --map FILE."


class RowReader:
    """Makes tickets of records.

    Raises:
        InvalidInput: the columns do not fit the mapping.
    """

    def __init__(self, rows: Rows, mapped: Mapped, terms: ImportContext) -> None:
        sources = sources_of(rows, mapped)
        _require_needed(sources, rows)
        _require_free(mapped.metadata)
        self._is_mapped = bool(mapped.fields)
        self._fields = FieldBinding(sources, rows.header, mapped.nulls)
        self._extra = FieldBinding(mapped.metadata, rows.header, mapped.nulls)
        self._names_rows = "external_id" not in (mapped.fields or rows.header or ())
        self._terms = terms
        self._draw = _quick_choice()

    def read(self, record: Record) -> Incoming:
        """The ticket a record makes; a row without an id of its own is called by its line.

        Raises:
            InvalidInput: it makes none, and why.
        """
        if record.problem is not None:
            raise InvalidInput(record.problem)
        if not self._is_mapped and isinstance(record.values, dict):
            _require_known(record.values)
        row = self._fields.fields(record.values)
        if self._names_rows and row.get("external_id") is None:
            row["external_id"] = external_id_of(row.get("ticket_number")) or f"line {record.line}"
        extra = self._extra.fields(record.values)
        return parse_imported(
            row, extra, number=numbers.ticket_number(self._draw), terms=self._terms
        )


def sources_of(rows: Rows, mapped: Mapped) -> Mapping[str, FieldSource]:
    """The mapping's sources; without a mapping, columns called as the schema does."""
    if mapped.fields:
        return mapped.fields
    if rows.header is not None:
        _require_known(rows.header)
    names = [n for n in FIELDS if rows.header is None or n in rows.header]
    return {name: FieldSource(column=name, path=("fields", name)) for name in names}


def unused_columns(rows: Rows, mapped: Mapped) -> tuple[str, ...]:
    """Columns of a CSV file from which nothing is taken."""
    sources = (*sources_of(rows, mapped).values(), *mapped.metadata.values())
    used = {column for source in sources for column in source.columns}
    return tuple(c for c in dict.fromkeys(rows.header or ()) if c not in used | set(_IGNORED))


def _require_known(names: Sequence[str] | Mapping[str, object]) -> None:
    strange = [str(name) for name in names if name not in FIELDS and name not in _IGNORED]
    if strange:
        raise InvalidInput(f"savctl does not know: {', '.join(strange[:20])}", hint=_HINT)


def _require_needed(sources: Mapping[str, FieldSource], rows: Rows) -> None:
    missing = [name for name in _REQUIRED if name not in sources]
    if missing:
        columns = f"; the file has: {', '.join(rows.header)}" if rows.header else ""
        raise InvalidInput(
            f"no column holds the {', '.join(missing)} of a ticket{columns}", hint=_HINT
        )


def _require_free(members: Mapping[str, FieldSource]) -> None:
    taken = sorted(set(members) & RESERVED)
    if taken:
        raise MappingError("belongs to savctl", ("metadata", taken[0]))


def _quick_choice() -> Callable[[str], str]:
    """Draws from the system's randomness, many bytes at a time: a number takes eight draws."""

    def draws() -> Iterator[int]:
        while True:
            yield from os.urandom(8_192)

    stream = draws()
    return lambda alphabet: alphabet[next(stream) % len(alphabet)]
