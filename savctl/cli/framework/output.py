"""Answers on stdout, in the format asked for (contract: command line, 1.1, 1.2)."""

from __future__ import annotations

import csv
import json
import shutil
import sys
import tempfile
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from enum import StrEnum
from itertools import chain
from typing import TextIO

from savctl.cli.framework.streams import silence_stdout
from savctl.cli.framework.terminal import cells, fold, pad, stdout_width
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
    JSON = "json"
    JSONL = "jsonl"
    CSV = "csv"
    IDS = "ids"


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What a command answers with.

    `columns` are those of the table; `fields` those of a whole row, for the header of an empty
    CSV; `is_one` makes JSON an object instead of an array;
    `as_record` shows one thing as name and value, a line each; `key` is what `-o ids` prints.
    """

    rows: Iterable[Row]
    columns: tuple[str, ...] = ()
    fields: tuple[str, ...] = ()
    is_one: bool = False
    as_record: bool = False
    key: str = "ticket_number"
    text: str | None = None


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


class AnswerLost(Unavailable):
    """The answer could not be written; what the command did stays done."""

    code = "answer_lost"


def write(answer: Answer, form: Format, columns: tuple[str, ...]) -> None:
    """Print an answer; a failure in the middle leaves stdout empty.

    Raises:
        AnswerLost: there is no room where it goes, or in the folder for temporary files.
    """
    try:
        _write(answer, form, columns)
    except OSError as problem:
        if not is_out_of_room(problem):
            raise
        silence_stdout()
        raise AnswerLost(
            f"cannot write the answer: {problem.strerror or problem}",
            hint="Make room where it goes, and in the folder for temporary files, which TMPDIR "
            "moves; then run it again.",
        ) from problem


def _write(answer: Answer, form: Format, columns: tuple[str, ...]) -> None:
    with tempfile.SpooledTemporaryFile(
        _SPOOL_BYTES, mode="w+", encoding="utf-8", errors="backslashreplace", newline=""
    ) as spool:
        _WRITERS[form](answer, columns, spool)  # type: ignore[arg-type]
        spool.seek(0)
        if form in {Format.CSV, Format.IDS} and sys.stdout.isatty():
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


def picked(row: Row, columns: tuple[str, ...]) -> Row:
    """The columns asked for; `metadata.sla` reaches into objects."""
    return {name: _reach(row, name) for name in columns} if columns else row


def _reach(row: Row, name: str) -> object:
    if name in row:
        return row[name]
    value: object = row
    for part in name.split("."):
        if not isinstance(value, Mapping) or part not in value:
            return None
        value = value[part]
    return value


def _dumps(row: Row, indent: int | None = None) -> str:
    return json_safe(json.dumps(dict(row), ensure_ascii=False, default=plain, indent=indent))


def _json(answer: Answer, columns: tuple[str, ...], out: TextIO) -> None:
    rows = (picked(row, columns) for row in answer.rows)
    if answer.is_one:
        for row in rows:
            out.write(f"{_dumps(row, indent=2)}\n")
        return
    out.write("[")
    for number, row in enumerate(rows):
        out.write(f"{',' if number else ''}\n  {_dumps(row)}")
    out.write("\n]\n")


def _jsonl(answer: Answer, columns: tuple[str, ...], out: TextIO) -> None:
    for row in answer.rows:  # not writelines: the spool looks at its size after each write only
        out.write(f"{_dumps(picked(row, columns))}\n")


def _ids(answer: Answer, _: tuple[str, ...], out: TextIO) -> None:
    for row in answer.rows:
        names = (row[key] for key in (answer.key, "id", "ticket_id") if row.get(key) is not None)
        out.write(f"{next(names, '')}\n")


def _csv(answer: Answer, columns: tuple[str, ...], out: TextIO) -> None:
    rows, names = _with_names(answer, columns, default=())
    writer = csv.writer(out, lineterminator="\n")
    # a lone \r would end the row for its reader, but is not quoted by itself before Python 3.13
    careful = csv.writer(out, lineterminator="\n", quoting=csv.QUOTE_ALL)
    writer.writerow(names)
    for row in rows:
        cells = [_csv_value(value) for value in picked(row, names).values()]
        has_return = any(isinstance(cell, str) and "\r" in cell for cell in cells)
        (careful if has_return else writer).writerow(cells)


def _csv_value(value: object) -> object:
    if value is None:
        return ""
    if isinstance(value, str):
        return csv_cell(value)
    if isinstance(value, bool):
        return str(value).lower()
    return value if isinstance(value, int | float) else csv_cell(_text_of(value))


def _table(answer: Answer, columns: tuple[str, ...], out: TextIO) -> None:
    if answer.text is not None:
        out.write(answer.text if answer.text.endswith("\n") else f"{answer.text}\n")
        return
    rows, names = _with_names(answer, columns, default=answer.columns)
    if answer.as_record:
        for row in rows:
            _write_record(picked(row, names), out)
        return
    shown = [[_cell(value) for value in picked(row, names).values()] for row in rows]
    if shown:
        from tabulate import tabulate

        headers = [safe(name) for name in names]
        out.write(tabulate(shown, headers=headers, tablefmt="simple", disable_numparse=True))
        out.write("\n")


def _write_record(row: Row, out: TextIO) -> None:
    width = max((cells(name) for name in row), default=0)
    room = stdout_width()
    for name, value in row.items():
        text = "" if value is None else _text_of(value)
        lines = [safe(line) for line in text.splitlines() or [""]]
        if room is not None:
            lines = [part for line in lines for part in fold(line, max(20, room - width - 2))]
        first, *others = lines
        out.write(f"{pad(safe(name), width)}  {first}".rstrip() + "\n")
        out.writelines(f"{'':<{width}}  {line}\n" for line in others)


def _with_names(
    answer: Answer, columns: tuple[str, ...], *, default: tuple[str, ...]
) -> tuple[Iterator[Row], tuple[str, ...]]:
    """The rows, and the columns to show: asked for, the command's own, or the first row's."""
    rows = iter(answer.rows)
    names = columns or default
    if not names:
        first = next(rows, None)
        if first is None:
            return iter(()), answer.fields or answer.columns
        names = tuple(first)
        rows = chain([first], rows)
    return rows, names


def _cell(value: object) -> str:
    return "" if value is None else cell(_text_of(value))


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
    Format.JSON: _json,
    Format.JSONL: _jsonl,
    Format.CSV: _csv,
    Format.IDS: _ids,
}
