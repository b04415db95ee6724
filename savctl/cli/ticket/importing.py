"""`savctl ticket import`."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from savctl.cli.framework.choices import one_of
from savctl.cli.framework.command import command
from savctl.cli.framework.context import CommandContext
from savctl.cli.framework.output import Answer, Outcome
from savctl.cli.framework.stderr.progress import counting, watching
from savctl.cli.ticket import group
from savctl.domain.text import plural
from savctl.errors import InvalidInput, PartlyDone

if TYPE_CHECKING:
    from savctl.domain.imports.imported_ticket import ImportContext
    from savctl.domain.imports.mapping import Mapped
    from savctl.usecases.imports.importing import ImportReport
    from savctl.usecases.imports.rows import Rows

_COLUMNS = ("source", "seen", "imported", "skipped", "rejected", "adjusted")
_MEMBERS = (*_COLUMNS, "stopped_at")
_LISTED = 50  # bad rows named on stderr; the JSON answer lists up to 1,000


@command(
    group,
    "import",
    writes=True,
    examples=[
        "savctl ticket import tickets.csv --keep-times --dry-run",
        "savctl ticket import old-desk.csv.gz --map old-desk.toml --reject-to bad.csv",
        "savctl ticket import old-desk.csv.gz --map old-desk.toml --resume",
    ],
)
def import_(
    call: CommandContext,
    file: Annotated[str, typer.Argument(metavar="FILE", help="CSV or JSON lines; - is stdin.")],
    form: Annotated[
        str | None, typer.Option("--format", help="csv or jsonl; else by the file's name.")
    ] = None,
    mapping: Annotated[
        Path | None, typer.Option("--map", metavar="FILE", help="What the columns mean (TOML).")
    ] = None,
    source: Annotated[
        str | None, typer.Option("--source", help="Name of the source; else the file's name.")
    ] = None,
    keep_times: Annotated[
        bool, typer.Option("--keep-times", help="Keep the file's times; else all is now.")
    ] = False,
    resume: Annotated[
        bool, typer.Option("--resume", help="Continue a source: import the missing rows.")
    ] = False,
    events: Annotated[
        bool, typer.Option("--events", help="Publish TicketCreated: customers get a mail!")
    ] = False,
    reject_to: Annotated[
        Path | None, typer.Option("--reject-to", metavar="FILE", help="Write bad rows here.")
    ] = None,
) -> Answer | Outcome:
    """Import tickets of another program, a row each.

    Bad rows are named by line and left out (exit 3). No events unless --events: nobody is notified
    of old tickets. A mapping file gives each
    field its column: [fields] user_id = "caller".
    """
    from savctl.scheduling.stop import stopping_on_signals
    from savctl.usecases.imports.importing import ImportRun, import_tickets
    from savctl.usecases.imports.mapping_file import naming_lines, read_mapping
    from savctl.usecases.imports.rejects import keeping_rejects

    path = None if file == "-" else Path(file)
    mapped = read_mapping(mapping)
    terms = _terms(
        call,
        mapped,
        source=_source(source, mapped, path),
        keeps_times=keep_times,
        publishes=events,
    )
    keep_in = None if call.dry_run else reject_to
    with (
        naming_lines(mapping),
        opened(path, form, mapped.delimiter) as rows,
        keeping_rejects(keep_in, rows) as keep,
        stopping_on_signals() as stop,
        watching(call) as progress,
    ):
        _note_unused(call, rows, mapped)
        run = ImportRun(
            keys=call.settings.erasure_key,
            terms=terms,
            resume=resume,
            dry_run=call.dry_run,
            size=call.settings.batch_size,
            on_reject=keep,
            on_batch=counting(progress, _counts),
            should_stop=stop.is_set,
        )
        report = import_tickets(call.database, rows, mapped, run)
    if stop.signal is not None and report.is_stopped:
        call.note(f"stopped by {stop.signal.name}; continue with --resume")
    return _answer(call, report, stopped_by=stop.signal)


@contextmanager
def opened(path: Path | None, form: str | None, delimiter: str) -> Iterator[Rows]:
    """A file of rows, or stdin for None, in the format that was named or that its name ends in."""
    from savctl.usecases.imports.rows import FORMATS, format_of, reading

    found = one_of("format", form, FORMATS) if form else format_of(path.name if path else "")
    if found is None:
        raise InvalidInput("the file's name does not show its format", hint="--format csv|jsonl")
    with reading(path, found, delimiter=delimiter) as rows:
        yield rows


def _source(given: str | None, mapped: Mapped, path: Path | None) -> str:
    if given or mapped.source:
        return given or str(mapped.source)
    if path is None:
        raise InvalidInput("rows from stdin need a name", hint="--source NAME")
    return path.name.partition(".")[0]


def _terms(
    call: CommandContext, mapped: Mapped, *, source: str, keeps_times: bool, publishes: bool
) -> ImportContext:
    from savctl.domain.imports.imported_ticket import ImportContext
    from savctl.html import clean

    return ImportContext(
        now=call.clock(),
        source=source,
        stamps=mapped.stamps,
        clean=clean,
        keeps_times=keeps_times,
        by=call.by,
        publishes=publishes,
        policies=call.policies,
    )


def _note_unused(call: CommandContext, rows: Rows, mapped: Mapped) -> None:
    from savctl.usecases.imports.import_rows import unused_columns

    unused = unused_columns(rows, mapped)
    if unused:
        call.note(f"unused columns: {', '.join(unused)}")


def _counts(report: ImportReport) -> str:
    return f"{plural(report.seen, 'row')}, {report.imported:,} imported"


def _answer(
    call: CommandContext, report: ImportReport, *, stopped_by: int | None
) -> Answer | Outcome:
    answer = Answer(rows=[_row(call, report)], is_one=True, as_record=True, columns=_COLUMNS)
    if not call.is_json:
        _warn_of_bad_rows(call, report)
    if call.dry_run:
        call.note("dry run: nothing was stored")
    if stopped_by is None and not report.rejected:
        return answer
    if stopped_by is not None:
        return Outcome(answer=answer, exit=128 + stopped_by)
    return Outcome(answer=answer, failures=(_partly(report),))


def _partly(report: ImportReport) -> PartlyDone:
    message = f"{report.rejected} of {plural(report.seen, 'row')} not imported"
    if report.stopped_at is None:
        return PartlyDone(message)
    return PartlyDone(
        f"{message}; the import stopped at line {report.stopped_at}",
        hint="Correct that line in the file, then continue with --resume.",
        line=report.stopped_at,
    )


def _row(call: CommandContext, report: ImportReport) -> dict[str, object]:
    row = {name: getattr(report, name) for name in _MEMBERS}
    for name in ("rejects", "remarks"):
        row[name] = [{"line": n.line, "reason": n.reason} for n in getattr(report, name)]
    if call.dry_run:
        row["dry_run"] = True
    return row


def _warn_of_bad_rows(call: CommandContext, report: ImportReport) -> None:
    for bad in report.rejects[:_LISTED]:
        call.warn(f"line {bad.line}: {bad.reason}")
    if report.rejected > _LISTED:
        call.warn(f"… and {report.rejected - _LISTED} more; --reject-to FILE keeps every bad row")
    for put_right in report.remarks[:_LISTED] if call.verbose else ():
        call.note(f"line {put_right.line}: {put_right.reason}")
