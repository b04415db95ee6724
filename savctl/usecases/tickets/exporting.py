"""Tickets into a file: a page at a time, on record before it is there (rules 1.3, 10.2)."""

from __future__ import annotations

import io
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import islice
from typing import Any, cast

from savctl.domain.clock import micro_text
from savctl.domain.model.odd_rows import OddRows
from savctl.domain.model.ticket import Ticket
from savctl.domain.model.ticket_filter import TicketFilter
from savctl.persistence.engine import Database
from savctl.persistence.tickets import conversations
from savctl.persistence.tickets.ticket_lists import list_tickets
from savctl.persistence.unit_of_work import UnitOfWork, in_transaction
from savctl.ports import Clock
from savctl.usecases.batch.atomic_file import AtomicFile, Bytes
from savctl.usecases.batch.batches import never_stop
from savctl.usecases.tickets.ticket_lines import FORMS, Lines, Part, Record

FORMATS = ("csv", "jsonl", "jsonl.zst")
PARTS = ("messages", "attachments")
_PAGE = 500
_BUFFER = 256 * 1024


@dataclass(slots=True, kw_only=True)
class ExportReport:
    """What was written; nothing was when it was stopped."""

    tickets: int = 0
    messages: int = 0
    attachments: int = 0
    size_bytes: int = 0
    sha256: str = ""
    is_stopped: bool = False
    odd: OddRows = field(default_factory=OddRows)
    unreadable: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class ExportRun:
    """What to export, in which form, and by whom."""

    wanted: TicketFilter = field(default_factory=TicketFilter)
    form: str
    parts: Sequence[str] = ()
    decrypts: bool = False
    by: int | None
    dry_run: bool = False
    on_page: Callable[[ExportReport], None] = lambda _: None
    should_stop: Callable[[], bool] = never_stop


def export_tickets(
    database: Database, clock: Clock, run: ExportRun, file: AtomicFile
) -> ExportReport:
    """Write the tickets that are wanted, oldest id first, and release the file.

    Each page is read by itself, so a ticket that changes meanwhile stands in the file as it was
    before or after. The audit records who took what, with the file's digest, before the file is
    there: at worst it names a file that nobody got.
    """
    report = ExportReport()
    with _text_into(file.stream, run.form) as write:
        write(_lines(run).header(run.parts))
        for page in _pages(database, run.wanted):
            _write_page(database, page, run, report, write)
            run.on_page(report)
            if run.should_stop():
                report.is_stopped = True
                return report
    sealed = file.finish()
    report.size_bytes, report.sha256 = sealed.size_bytes, sealed.sha256

    def work(uow: UnitOfWork) -> None:
        uow.audit.note("export", actor=run.by, at=clock(), details=_details(run, report))

    in_transaction(database, work, dry_run=run.dry_run)
    file.publish()
    return report


def _lines(run: ExportRun) -> Lines:
    return FORMS[run.form.partition(".")[0]]


def _pages(database: Database, wanted: TicketFilter) -> Iterator[list[Ticket]]:
    tickets = list_tickets(database, wanted, sort="id", limit=0)
    while page := list(islice(tickets, _PAGE)):
        yield page


def _write_page(
    database: Database,
    page: Sequence[Ticket],
    run: ExportRun,
    report: ExportReport,
    write: Callable[[str], object],
) -> None:
    ids = [ticket.id for ticket in page]
    line = _lines(run).line
    with database.reading() as connection:
        counted = _Counted(connection, ids, run.parts, report)
        for ticket in page:
            report.odd.look(ticket)
            if run.decrypts:
                ticket = _decrypted(database, ticket, report)  # noqa: PLW2901
            for piece in line(ticket, counted.parts_of(ticket.id)):
                write(piece)
    report.tickets += len(page)


def _decrypted(database: Database, ticket: Ticket, report: ExportReport) -> Ticket:
    opened = database.codec.decrypted(ticket.id, ticket.metadata)
    report.unreadable += len(opened.unreadable)
    return ticket.changed(metadata=opened.metadata)


class _Counted:
    """What hangs on the tickets of a page, taken in their order and counted as it passes."""

    _SOURCES: Mapping[str, tuple[Any, tuple[str, ...]]] = {
        "messages": (conversations.messages_of_tickets, conversations.MESSAGE_COLUMNS),
        "attachments": (
            conversations.attachments_of_tickets,
            (*conversations.ATTACHMENT_COLUMNS, "deleted_at"),
        ),
    }

    def __init__(
        self, connection: Any, ids: Sequence[int], parts: Sequence[str], report: ExportReport
    ) -> None:
        self._report = report
        self._streams = {
            name: conversations.ByTicket(self._SOURCES[name][0](connection, ids)) for name in parts
        }

    def parts_of(self, ticket_id: int) -> list[Part]:
        """Those of one ticket; each must be read to its end before the next ticket's."""
        return [
            (name, self._records(name, stream.of(ticket_id)))
            for name, stream in self._streams.items()
        ]

    def _records(self, name: str, rows: Iterable[Any]) -> Iterator[Record]:
        columns = self._SOURCES[name][1]
        count = 0
        for row in rows:
            count += 1
            record = dict(zip(columns, row, strict=True))
            if name == "messages":
                record["is_internal"] = bool(record["is_internal"])
            yield record
        setattr(self._report, name, getattr(self._report, name) + count)


@contextmanager
def _text_into(stream: Bytes, form: str) -> Iterator[Callable[[str], object]]:
    """Write text into a file, compressed for `.zst`."""
    binary: Any = stream
    if form.endswith(".zst"):
        from zstandard import ZstdCompressor

        compressor = ZstdCompressor(level=3, write_checksum=True)
        binary = compressor.stream_writer(stream, closefd=False)
    text = io.TextIOWrapper(
        io.BufferedWriter(binary, _BUFFER),
        encoding="utf-8",
        errors="backslashreplace",
        newline="",
    )
    yield text.write
    text.flush()
    cast("io.BufferedWriter", text.detach()).detach()
    if form.endswith(".zst"):
        binary.close()


def _details(run: ExportRun, report: ExportReport) -> dict[str, object]:
    """Who took what: filters and counts, never the tickets' words."""
    decrypted = {"decrypted": True} if run.decrypts else {}
    return {
        "what": "tickets",
        "filters": _filter_facts(run.wanted),
        "format": run.form,
        "with": list(run.parts),
        "tickets": report.tickets,
        "messages": report.messages,
        "attachments": report.attachments,
        "bytes": report.size_bytes,
        "sha256": report.sha256,
        **decrypted,
    }


def _filter_facts(wanted: TicketFilter) -> dict[str, object]:
    """The filters that were given."""
    given = {name: getattr(wanted, name) for name in wanted.__slots__}
    facts: dict[str, object] = {
        name: value for name, value in given.items() if value not in (None, (), False)
    }
    for name in ("since", "until"):
        if name in facts:
            facts[name] = micro_text(given[name])
    for name in ("statuses", "priorities"):
        if name in facts:
            facts[name] = [str(value) for value in given[name]]
    return facts
