"""Answers on stdout, in the format asked for (contract: command line, 1.1, 1.2)."""

from __future__ import annotations

import csv
import json
import shutil
import sys
import tempfile
from abc import ABC, abstractmethod
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from decimal import Decimal
from enum import StrEnum
from itertools import chain
from typing import TextIO

from savctl.cli.framework.page import named
from savctl.cli.framework.stderr.streams import silence_stdout
from savctl.cli.framework.tables.colours import painted
from savctl.cli.framework.tables.columns import check_columns, picked
from savctl.cli.framework.tables.layout import write_table
from savctl.cli.framework.terminal import stdout_width, wants_colour
from savctl.cli.framework.text import cell, json_safe, safe
from savctl.domain.clock import second_text
from savctl.domain.model.metadata import Metadata
from savctl.domain.text_safety.spreadsheet import csv_cell
from savctl.errors import SavError, Unavailable, is_out_of_room

Row = Mapping[str, object]
_SPOOL_BYTES = 8 * 1024 * 1024


class Format(StrEnum):
    """What `--output` takes."""

    TABLE = "table"
    WIDE = "wide"
    JSON = "json"
    JSONL = "jsonl"
    CSV = "csv"
    IDS = "ids"


@dataclass(frozen=True, slots=True, kw_only=True)
class Look:
    """How an answer is to be shown: what the common options ask for.

    `fields` are the columns that the command is known to answer with, at times at least.
    """

    form: Format = Format.TABLE
    columns: tuple[str, ...] = ()
    fields: tuple[str, ...] = ()
    has_headers: bool = True
    color: str = "never"

    @property
    def room(self) -> int | None:
        """The cells a line may have; None where nothing is cut."""
        return stdout_width() if self.form is Format.TABLE else None

    @property
    def has_colours(self) -> bool:
        """Whether words with a meaning are painted."""
        return wants_colour(self.color, is_terminal=sys.stdout.isatty())


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What a command answers with.

    `columns` are those of the table in order of worth: on a narrow terminal the last goes first,
    the first and those in `kept` stay. `fields` are those of a whole row, for the header of an
    empty CSV; `is_one` makes JSON an object instead of an array; `as_record` shows one thing as
    name and value, a line each; `key` is what `-o ids` prints. `text` is the page for people.
    `noun` names what an empty list has none of: `No late tickets found.`
    """

    rows: Iterable[Row]
    columns: tuple[str, ...] = ()
    kept: tuple[str, ...] = ()
    fields: tuple[str, ...] = ()
    is_one: bool = False
    as_record: bool = False
    key: str = "ticket_number"
    text: str | None = None
    noun: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What a command ends with: its answer, and what is wrong all the same.

    The answer is printed first; then `notes`, `warnings` and `failures`, each a line. The exit
    code is `exit`, else that of the last failure, else 0. `failures` may still grow while
    the rows of the answer are read. No command prints by itself.
    """

    answer: Answer | None = None
    failures: Sequence[SavError] = ()
    warnings: Sequence[str] = ()
    notes: Sequence[str] = ()
    exit: int | None = None


class StreamedArray(ABC):
    """A member of a row that JSON lines show as an array, however many elements it has."""

    @abstractmethod
    def elements(self) -> Iterator[str]:
        """Each element as JSON."""


class AnswerLost(Unavailable):
    """The answer could not be written; what the command did stays done."""

    code = "answer_lost"


def write(answer: Answer, look: Look) -> bool:
    """Print an answer, and answer whether it holds anything; a failure leaves stdout empty.

    Raises:
        InvalidInput: a column was asked for that the answer does not have.
        AnswerLost: there is no room where it goes, or in the folder for temporary files.
    """
    counted = _Counted(answer.rows)
    try:
        _write(replace(answer, rows=counted), look)
    except OSError as problem:
        if not is_out_of_room(problem):
            raise
        silence_stdout()
        raise AnswerLost(
            f"cannot write the answer: {problem.strerror or problem}",
            hint="Make room where it goes, and in the folder for temporary files, which TMPDIR "
            "moves; then run it again.",
        ) from problem
    return counted.count > 0 or answer.text is not None


class _Counted:
    """Rows, and how many were read."""

    def __init__(self, rows: Iterable[Row]) -> None:
        self._rows = rows
        self.count = 0

    def __iter__(self) -> Iterator[Row]:
        for row in self._rows:
            self.count += 1
            yield row


def _write(answer: Answer, look: Look) -> None:
    with tempfile.SpooledTemporaryFile(
        _SPOOL_BYTES, mode="w+", encoding="utf-8", errors="backslashreplace", newline=""
    ) as spool:
        _WRITERS[look.form](answer, look, spool)  # type: ignore[arg-type]
        spool.seek(0)
        if look.form in {Format.CSV, Format.IDS} and sys.stdout.isatty():
            sys.stdout.writelines(f"{safe(line.removesuffix(chr(10)))}\n" for line in spool)
        else:
            shutil.copyfileobj(spool, sys.stdout)
    sys.stdout.flush()


def plain(value: object) -> object:
    """A value as JSON holds it."""
    match value:
        case datetime():
            return second_text(value)
        case timedelta():
            return int(value.total_seconds())
        case Decimal():
            return float(value)
        case Metadata():
            return dict(value)
        case bytes():
            return value.decode(errors="replace")
        case _:
            return str(value)


def _dumps(row: Row, indent: int | None = None) -> str:
    return json_safe(json.dumps(dict(row), ensure_ascii=False, default=plain, indent=indent))


def _json(answer: Answer, look: Look, out: TextIO) -> None:
    rows = (picked(row, look.columns, known=look.fields) for row in answer.rows)
    if answer.is_one:
        for row in rows:
            _write_object(row, out, indent=2)
        return
    number = -1
    for number, row in enumerate(rows):
        out.write(f"{',' if number else '['}\n  {_dumps(row)}")
    out.write("[]\n" if number < 0 else "\n]\n")


def _jsonl(answer: Answer, look: Look, out: TextIO) -> None:
    for row in answer.rows:  # not writelines: the spool looks at its size after each write only
        _write_object(picked(row, look.columns, known=look.fields), out)


def _write_object(row: Row, out: TextIO, *, indent: int | None = None) -> None:
    """One object on a line, or indented; of a streamed array each element as it comes."""
    shown = dict(row)
    streamed = {n: value for n, value in shown.items() if isinstance(value, StreamedArray)}
    text = _dumps({**shown, **dict.fromkeys(streamed)}, indent)
    gap, end = ("", "") if indent is None else (f"\n{' ' * 2 * indent}", f"\n{' ' * indent}")
    for name, value in streamed.items():
        head = f"{json.dumps(name)}: "
        before, _, text = text.partition(f"{head}null")
        out.write(f"{before}{head}[")
        number = -1
        for number, element in enumerate(value.elements()):
            comma = "," if number and gap else ", " if number else ""
            out.write(f"{comma}{gap}{json_safe(element)}")
        text = f"{'' if number < 0 else end}]{text}"
    out.write(f"{text}\n")


def _ids(answer: Answer, _: Look, out: TextIO) -> None:
    for row in answer.rows:
        names = (row[key] for key in (answer.key, "id", "ticket_id") if row.get(key) is not None)
        out.write(f"{next(names, '')}\n")


def _csv(answer: Answer, look: Look, out: TextIO) -> None:
    rows, names = _with_names(answer, look)
    writer = csv.writer(out, lineterminator="\n")
    # a lone \r would end the row for its reader, but is not quoted by itself before Python 3.13
    careful = csv.writer(out, lineterminator="\n", quoting=csv.QUOTE_ALL)
    if look.has_headers:
        writer.writerow(names)
    for row in rows:
        values = [_csv_value(value) for value in _values(row, names, look)]
        has_return = any(isinstance(value, str) and "\r" in value for value in values)
        (careful if has_return else writer).writerow(values)


def _csv_value(value: object) -> object:
    if value is None:
        return ""
    if isinstance(value, str):
        return csv_cell(value)
    if isinstance(value, bool):
        return str(value).lower()
    return value if isinstance(value, int | float) else csv_cell(_text_of(value))


def _table(answer: Answer, look: Look, out: TextIO) -> None:
    if answer.text is not None and not look.columns:
        out.write(answer.text if answer.text.endswith("\n") else f"{answer.text}\n")
        return
    rows, names = _with_names(answer, look, answer.columns)
    if answer.as_record:
        paint = painted if look.has_colours else None
        is_whole = look.form is Format.WIDE or bool(look.columns)
        for row in rows:
            values = zip(names, map(_in_seconds, _values(row, names, look)), strict=True)
            lines = named(values, keeps_empty=is_whole, paint=paint)
            out.writelines(f"{line}\n" for line in lines)
        return
    shown = [[cell(_shown(value)) for value in _values(row, names, look)] for row in rows]
    if shown:
        write_table(
            names,
            shown,
            out,
            kept=look.columns or answer.kept,
            room=look.room,
            has_headers=look.has_headers,
            has_colours=look.has_colours,
        )


def _with_names(
    answer: Answer, look: Look, own: tuple[str, ...] = ()
) -> tuple[Iterator[Row], tuple[str, ...]]:
    """The rows, and the columns to show: asked for, the command's `own`, or the first row's."""
    rows = iter(answer.rows)
    first = next(rows, None)
    if first is None:
        if known := look.fields or answer.fields or answer.columns:
            check_columns(look.columns, known)
        return iter(()), look.columns or answer.fields or answer.columns
    rows = chain([first], rows)
    if look.columns:
        return rows, look.columns
    if look.form is Format.WIDE:
        return rows, (*own, *(name for name in first if name not in own))
    return rows, own or tuple(first)


def _values(row: Row, names: tuple[str, ...], look: Look) -> Iterable[object]:
    """The values in the order of the names; the command's own may be absent from a row."""
    known = look.fields if look.columns else names
    return picked(row, names, known=known).values()


def _in_seconds(value: object) -> object:
    return int(value.total_seconds()) if isinstance(value, timedelta) else value


def _shown(value: object) -> str:
    return "" if value is None else _text_of(value)


def _text_of(value: object) -> str:
    if isinstance(value, str):
        return value
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, Mapping | list | tuple):
        return json.dumps(value, ensure_ascii=False, default=plain)
    simple = plain(value)
    return simple if isinstance(simple, str) else json.dumps(simple, ensure_ascii=False)


_WRITERS = {
    Format.TABLE: _table,
    Format.WIDE: _table,
    Format.JSON: _json,
    Format.JSONL: _jsonl,
    Format.CSV: _csv,
    Format.IDS: _ids,
}
