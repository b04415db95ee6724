"""`ticket import`: tickets of another program, a row each, a thousand to a transaction.

A ticket and the note that its row is here (`savctl_imports`) are one transaction: after a kill
at any moment, a run with `resume` imports the rest, and no row twice. A bad row is named by its
line and left out; one that only the database refuses is found by doing its batch again row by row.
"""

from __future__ import annotations

import secrets
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import islice

from savctl.domain.imports.imported_ticket import (
    SOURCE_CHARACTERS,
    ImportContext,
    Incoming,
    renumbered,
)
from savctl.domain.imports.mapping import Mapped
from savctl.domain.model import numbers
from savctl.domain.privacy.erasure_keys import ErasureKeys
from savctl.errors import InvalidInput, Refused, SavError
from savctl.persistence.engine import Database
from savctl.persistence.privacy.erasure.suppressions import suppressed
from savctl.persistence.tickets.imports import Imports
from savctl.persistence.unit_of_work import UnitOfWork, in_transaction
from savctl.usecases.batch.batches import BATCH_FATAL, never_stop
from savctl.usecases.imports.import_rows import RowReader
from savctl.usecases.imports.records import Record
from savctl.usecases.imports.rows import Rows

LISTED = 1_000
ERASED_CUSTOMER = "its customer was erased: savctl gdpr requests forgive lets them return"
_BATCH_CHARACTERS = 8 * 1024 * 1024  # rows are held until their batch is stored


@dataclass(frozen=True, slots=True)
class Named:
    """A row that was left out, or put right: its line and why."""

    line: int
    reason: str


@dataclass(slots=True)
class ImportReport:
    """What an import did; the counts are exact, the lists are bounded.

    `stopped_at` is the line from which on nothing was read, because nothing there is certain.
    """

    source: str
    seen: int = 0
    imported: int = 0
    skipped: int = 0
    rejected: int = 0
    adjusted: int = 0
    is_stopped: bool = False
    stopped_at: int | None = None
    rejects: list[Named] = field(default_factory=list)
    remarks: list[Named] = field(default_factory=list)


@dataclass(frozen=True, slots=True, kw_only=True)
class ImportRun:
    """How one import is done.

    `on_reject` gets every bad row once its batch is stored; `on_batch` of the counts so
    far; `should_stop` is asked between batches. `keys` are those of the pseudonyms of erased
    persons, who are not brought back.
    """

    terms: ImportContext
    resume: bool = False
    dry_run: bool = False
    size: int = 1_000
    keys: ErasureKeys | None = None
    on_reject: Callable[[Record, str], None] = lambda _record, _reason: None
    on_batch: Callable[[ImportReport], None] = lambda _report: None
    should_stop: Callable[[], bool] = never_stop


def import_tickets(database: Database, rows: Rows, mapped: Mapped, run: ImportRun) -> ImportReport:
    """Import every row that makes a ticket.

    Raises:
        InvalidInput: the columns do not fit the mapping; nothing was imported.
        Refused: the source was imported before, and `resume` was not asked for.
        Unavailable: the database went away; what was imported stays, `resume` goes on.
    """
    importer = _Importer(database, RowReader(rows, mapped, run.terms), run)
    importer.require_new()
    report = ImportReport(source=run.terms.source)
    for batch in importer.batches(rows.records):
        importer.store(batch, report)
        run.on_batch(report)
        if run.should_stop():
            report.is_stopped = True
            break
    return report


_Read = tuple[Record, Incoming]


@dataclass(slots=True)
class _Batch:
    """Rows as they were read: those that make tickets, and those that make none."""

    seen: int = 0
    stopped_at: int | None = None
    read: list[_Read] = field(default_factory=list)
    rejects: list[tuple[Record, str]] = field(default_factory=list)


@dataclass(slots=True)
class _Done:
    """What became of a batch; reported once its transaction has been committed."""

    stored: list[_Read] = field(default_factory=list)
    skipped: int = 0
    rejects: list[tuple[Record, str]] = field(default_factory=list)


class _Importer:
    def __init__(self, database: Database, reader: RowReader, run: ImportRun) -> None:
        self._database = database
        self._reader = reader
        self._run = run
        # A dry run rolls each batch back, so it has to remember what it would have written by
        # now: some 60 bytes for each name.
        self._unwritten: set[int] = set()

    def require_new(self) -> None:
        """Pass when this source may be imported now."""
        source = self._run.terms.source
        if not source or len(source) > SOURCE_CHARACTERS or not source.isprintable():
            raise InvalidInput(
                f"the source must have 1 to {SOURCE_CHARACTERS} printable characters",
                hint="Name it: --source NAME.",
            )
        with self._database.reading() as connection:
            if self._run.resume or not Imports(connection).has_any(source):
                return
        raise Refused(
            f"tickets of the source {source!r} were imported before",
            hint="--resume imports the rows that are not here yet; "
            "--source NAME imports them as another source.",
            source=source,
        )

    def batches(self, records: Iterator[Record]) -> Iterator[_Batch]:
        """Rows, read a batch at a time."""
        while batch := self._next(records):
            yield batch

    def store(self, batch: _Batch, report: ImportReport) -> None:
        """Store one batch and add it to the report."""
        try:
            done = [self._store(batch.read)]
        except BATCH_FATAL:
            raise
        except SavError:
            done = [self._alone(one) for one in batch.read]
        rejects = batch.rejects + [reject for part in done for reject in part.rejects]
        report.seen += batch.seen
        report.stopped_at = batch.stopped_at
        report.skipped += sum(part.skipped for part in done)
        self._report_rejects(sorted(rejects, key=lambda reject: reject[0].line), report)
        for part in done:
            self._add(part.stored, report)

    def _next(self, records: Iterator[Record]) -> _Batch | None:
        batch = _Batch()
        characters = 0
        for record in islice(records, self._run.size):
            batch.seen += 1
            batch.stopped_at = record.line if record.stops else None
            try:
                batch.read.append((record, self._reader.read(record)))
            except InvalidInput as problem:
                batch.rejects.append((record, problem.message))
            characters += len(record.raw)
            if characters >= _BATCH_CHARACTERS:
                break
        return batch if batch.seen else None

    def _alone(self, one: _Read) -> _Done:
        try:
            return self._store([one])
        except BATCH_FATAL:
            raise
        except SavError as problem:
            return _Done(rejects=[(one[0], problem.message)])

    def _store(self, read: Sequence[_Read]) -> _Done:
        if not read:
            return _Done()
        return in_transaction(
            self._database, lambda uow: self._write(uow, read), dry_run=self._run.dry_run
        )

    def _write(self, uow: UnitOfWork, read: Sequence[_Read]) -> _Done:
        terms = self._run.terms
        done = self._new_ones(uow, read)
        if not done.stored:
            return done
        ids = uow.record_new_many([row.decision for _, row in done.stored])
        names = [row.external_id for _, row in done.stored]
        uow.imports.remember(terms.source, zip(names, ids, strict=True))
        lines = [done.stored[0][0].line, done.stored[-1][0].line]
        details = {"source": terms.source, "lines": lines, "tickets": len(ids)}
        uow.audit.note("import", actor=terms.by, at=terms.now, details=details)
        return done

    def _new_ones(self, uow: UnitOfWork, read: Sequence[_Read]) -> _Done:
        """The rows that are neither here already nor repeated."""
        done = _Done()
        here = set(uow.imports.known(self._run.terms.source, [r.external_id for _, r in read]))
        taken = uow.tickets.numbers_taken([row.decision.ticket.ticket_number for _, row in read])
        users = {row.decision.ticket.user_id for _, row in read}
        erased = suppressed(uow.connection, users, self._run.keys)
        for record, given in read:
            row = self._numbered(given, taken)
            number = row.decision.ticket.ticket_number
            if row.external_id in here or self._is_unwritten("id", row.external_id):
                if self._run.resume:
                    done.skipped += 1
                else:
                    why = f"an earlier row has the external id {row.external_id!r}"
                    done.rejects.append((record, why))
            elif row.decision.ticket.user_id in erased:
                done.rejects.append((record, ERASED_CUSTOMER))
            elif number.lower() in taken or self._is_unwritten("number", number.lower()):
                done.rejects.append((record, f"there is a ticket {number} already"))
            else:
                here.add(row.external_id)
                taken.add(number.lower())
                done.stored.append((record, row))
        return done

    def _numbered(self, row: Incoming, taken: set[str]) -> Incoming:
        """The row with another number, when the one that was drawn for it exists."""
        while not row.brings_number and row.decision.ticket.ticket_number.lower() in taken:
            row = renumbered(row, numbers.ticket_number(secrets.choice))
        return row

    def _is_unwritten(self, kind: str, name: str) -> bool:
        return bool(self._unwritten) and hash((kind, name)) in self._unwritten

    def _report_rejects(self, rejects: Sequence[tuple[Record, str]], report: ImportReport) -> None:
        report.rejected += len(rejects)
        for record, reason in rejects:
            self._run.on_reject(record, reason)
            if len(report.rejects) < LISTED:
                report.rejects.append(Named(record.line, reason))

    def _add(self, stored: Sequence[_Read], report: ImportReport) -> None:
        report.imported += len(stored)
        for record, row in stored:
            if row.remarks:
                report.adjusted += 1
                if len(report.remarks) < LISTED:
                    report.remarks.append(Named(record.line, "; ".join(row.remarks)))
            if self._run.dry_run:
                number = row.decision.ticket.ticket_number.lower()
                self._unwritten |= {hash(("id", row.external_id)), hash(("number", number))}
