"""Tickets as lines of CSV or JSON, in pieces, so that no conversation is held whole."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from savctl.domain.clock import second_text
from savctl.domain.model.json_text import encode
from savctl.domain.model.metadata import Metadata
from savctl.domain.model.ticket import TICKET_COLUMNS, Ticket
from savctl.domain.text_safety.spreadsheet import csv_cell

Record = Mapping[str, object]
Part = tuple[str, Iterable[Record]]  # "messages" or "attachments", and those of one ticket

_METADATA = TICKET_COLUMNS.index("metadata")
_BEFORE, _AFTER = TICKET_COLUMNS[:_METADATA], TICKET_COLUMNS[_METADATA + 1 :]


@dataclass(frozen=True, slots=True)
class Lines:
    """How a ticket becomes a line: the pieces of the header and of each ticket's line."""

    header: Callable[[Sequence[str]], str]
    line: Callable[[Ticket, Sequence[Part]], Iterator[str]]


def json_line(ticket: Ticket, parts: Sequence[Part]) -> Iterator[str]:
    """The ticket as one JSON object with the service's column names."""
    before = encode(_values(ticket, _BEFORE))[:-1]
    after = encode(_values(ticket, _AFTER))[1:-1]
    yield f'{before}, "metadata": {metadata_json(ticket.metadata)}, {after}'
    for name, records in parts:
        yield f', "{name}": ['
        yield from _listed(records)
        yield "]"
    yield "}\n"


def csv_line(ticket: Ticket, parts: Sequence[Part]) -> Iterator[str]:
    """The ticket as one CSV row; metadata, messages and attachments are JSON in a cell."""
    cells = [csv_value(value) for value in _values(ticket, _BEFORE).values()]
    cells.append(metadata_json(ticket.metadata))
    cells += [csv_value(value) for value in _values(ticket, _AFTER).values()]
    yield csv_row(cells).removesuffix("\n")
    for _, records in parts:
        yield ',"['
        for piece in _listed(records):
            yield piece.replace('"', '""')
        yield ']"'
    yield "\n"


def csv_header(parts: Sequence[str]) -> str:
    """The names of the columns."""
    return csv_row([*TICKET_COLUMNS, *parts])


FORMS: dict[str, Lines] = {
    "csv": Lines(csv_header, csv_line),
    "jsonl": Lines(lambda _: "", json_line),
}


def metadata_json(metadata: Metadata) -> str:
    """The metadata in one line, other programs' spelling kept where a line can hold it."""
    text = metadata.text() or "{}"
    return encode(dict(metadata)) if "\n" in text or "\r" in text else text


def plain(record: Record) -> dict[str, object]:
    """A row with its times as text, as JSON holds it."""
    return {
        name: second_text(value) if isinstance(value, datetime) else value
        for name, value in record.items()
    }


def _listed(records: Iterable[Record]) -> Iterator[str]:
    for number, record in enumerate(records):
        yield f"{', ' if number else ''}{encode(plain(record))}"


def _values(ticket: Ticket, names: Sequence[str]) -> dict[str, object]:
    return plain({name: getattr(ticket, name) for name in names})


def csv_value(value: object) -> str:
    """A value as the text of a cell; None is an empty one."""
    if value is None:
        return ""
    return csv_cell(value) if isinstance(value, str) else str(value)


def csv_row(cells: Sequence[str]) -> str:
    """The cells as a line of CSV."""
    out = io.StringIO()
    # a lone \r would end the row for its reader, but is not quoted by itself before Python 3.13
    is_odd = any("\r" in cell for cell in cells)
    writer = (
        csv.writer(out, lineterminator="\n", quoting=csv.QUOTE_ALL)
        if is_odd
        else csv.writer(out, lineterminator="\n")
    )
    writer.writerow(cells)
    return out.getvalue()
