"""`savctl export tickets`."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from savctl.cli.export import group
from savctl.cli.export._form import Out, form_of
from savctl.cli.framework.choices import one_of
from savctl.cli.framework.command import command
from savctl.cli.framework.context import CommandContext
from savctl.cli.framework.files import Force, out_file
from savctl.cli.framework.output import Answer, Outcome
from savctl.cli.framework.stderr.progress import counting, watching
from savctl.domain.model.ticket_filter import TicketFilter
from savctl.domain.text import plural


@command(
    group,
    "tickets",
    writes=True,
    asks=True,
    filters=True,
    examples=[
        "savctl export tickets --out tickets.jsonl.zst --with messages,attachments",
        "savctl export tickets --status closed --until 365d --out old.csv",
        "savctl export tickets --user 456 --out - --format jsonl",
    ],
)
def tickets(
    call: CommandContext,
    out: Out,
    wanted: TicketFilter,
    form: Annotated[
        str | None,
        typer.Option("--format", help="csv, jsonl or jsonl.zst; else by the file's name."),
    ] = None,
    with_: Annotated[
        list[str] | None,
        typer.Option("--with", metavar="PARTS", help="Also messages, attachments."),
    ] = None,
    decrypt: Annotated[
        bool, typer.Option("--decrypt", help="Decrypt the encrypted values of metadata.")
    ] = False,
    force: Force = False,
) -> Answer | Outcome | None:
    """Write tickets to a file that only you can read.

    Every column is written, internal notes as well. Encrypted values stay encrypted without
    --decrypt.

    The file is complete or absent; the audit records who exported what.
    """
    from savctl.scheduling.stop import stopping_on_signals
    from savctl.usecases.tickets.exporting import FORMATS, PARTS, ExportRun, export_tickets

    found = form_of(form, out, FORMATS)
    words = [word for given in with_ or () for word in given.split(",")]
    parts = [part for part in PARTS if part in {one_of("with", word, PARTS) for word in words}]
    with (
        stopping_on_signals() as stop,
        out_file(call, out, force=force) as file,
        watching(call) as progress,
    ):
        run = ExportRun(
            wanted=wanted,
            form=found,
            parts=parts,
            decrypts=decrypt,
            by=call.by,
            dry_run=call.dry_run,
            on_page=counting(progress, lambda report: plural(report.tickets, "ticket")),
            should_stop=stop.is_set,
        )
        report = export_tickets(call.database, call.clock, run, file)
    if report.unreadable:
        call.warn(f"{plural(report.unreadable, 'encrypted value')} could not be read")
    if report.odd.warning:
        call.warn(report.odd.warning)
    if stop.signal is not None and report.is_stopped:
        call.note(f"stopped by {stop.signal.name}; nothing was written")
        return Outcome(exit=128 + stop.signal)
    return _answer(call, out, found, report)


def _answer(call: CommandContext, out: str, form: str, report: Any) -> Answer | None:
    if call.dry_run:
        call.note("dry run: nothing was stored")
    elif out == "-":
        call.note(f"{plural(report.tickets, 'ticket')}, sha256 {report.sha256}")
        return None
    row: dict[str, object] = {
        "file": out,
        "format": form,
        "tickets": report.tickets,
        "messages": report.messages,
        "attachments": report.attachments,
        "bytes": report.size_bytes,
        "sha256": report.sha256,
    }
    if call.dry_run:
        row["dry_run"] = True
    return Answer(rows=[row], is_one=True, as_record=True, key="file")
