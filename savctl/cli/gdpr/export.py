"""`savctl gdpr export`, `savctl gdpr schema`."""

from __future__ import annotations

import json
import sys
from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated

import typer

from savctl.cli.framework.command import command
from savctl.cli.framework.context import CommandContext
from savctl.cli.framework.encrypted import warn_of_unreadable
from savctl.cli.framework.files import Force, out_file
from savctl.cli.framework.output import Answer, Outcome
from savctl.cli.framework.stderr.progress import counting, watching
from savctl.cli.gdpr import group
from savctl.cli.user import Person, user_id
from savctl.domain.text import plural
from savctl.errors import InvalidInput, PartlyDone

if TYPE_CHECKING:
    from savctl.usecases.privacy.export import PersonReport


@command(
    group,
    "export",
    writes=True,
    asks=True,
    examples=[
        "savctl gdpr export 456 --out customer-456.zip --as 5",
        "savctl gdpr export ada@example.org --out ada.zip --as 5",
        "savctl gdpr export 456 --out customer-456.zip --dry-run",
    ],
)
def export(
    call: CommandContext,
    named: Person,
    out: Annotated[str, typer.Option("--out", metavar="ZIP", help="Where to; - is stdout.")],
    with_internal: Annotated[
        bool, typer.Option("--with-internal", help="Also the notes among agents.")
    ] = False,
    force: Force = False,
) -> Answer | Outcome | None:
    """Write everything of a person into one ZIP.

    It holds JSON, files, and a page that works offline.

    Without other customers' words and agents' names. Files that cannot be found are named (exit
    3). Read it before you send it.
    """
    from savctl.domain.privacy.disclosure import Disclosure
    from savctl.pages.person import render
    from savctl.scheduling.stop import stopping_on_signals
    from savctl.usecases.privacy.export import PersonRun, export_person

    if out == "-" and sys.stdout.isatty() and not call.dry_run:
        raise InvalidInput("a ZIP cannot be written to a terminal", hint="--out FILE")
    user = user_id(call, named)
    with (
        stopping_on_signals() as stop,
        out_file(call, out, force=force) as file,
        watching(call) as progress,
    ):
        run = PersonRun(
            disclosure=Disclosure(user_id=user, with_internal=with_internal),
            kept_for=call.settings.retention_after,
            render=render,
            by=call.by,
            dry_run=call.dry_run,
            on_step=counting(progress, _progress),
            should_stop=stop.is_set,
        )
        app = call.app
        report = export_person(app.database, app.store, app.cold, call.clock, run, file)
    if stop.signal is not None and report.is_stopped:
        call.note(f"stopped by {stop.signal.name}; nothing was written")
        return Outcome(exit=128 + stop.signal)
    for number, opened in report.unreadable.items():
        warn_of_unreadable(call, number, opened)
    return _answer(call, user, out, report)


@command(group, "schema", timeless=True, examples=["savctl gdpr schema"])
def schema(call: CommandContext) -> Answer:
    """Print the JSON Schema of data.json in an export."""
    from savctl.domain.privacy.export_schema import export_schema

    found = export_schema()
    text = json.dumps(found, indent=2)
    return Answer(rows=[found], is_one=True, key="title", text=text)


def _progress(report: PersonReport) -> str:
    return f"{plural(report.counts.tickets, 'ticket')}, {plural(report.files, 'file')}"


def _answer(
    call: CommandContext, user: int, out: str, report: PersonReport
) -> Answer | Outcome | None:
    row: dict[str, object] = {
        "file": out,
        "user_id": user,
        **asdict(report.counts),
        "missing": len(report.missing),
        "bytes": report.size_bytes,
        "sha256": report.sha256,
    }
    if call.dry_run:
        call.note("dry run: nothing was stored")
        row["dry_run"] = True
    shown = Answer(rows=[row], is_one=True, as_record=True, key="file")
    is_shown = out != "-" or call.dry_run
    if not report.missing:
        return shown if is_shown else None
    return _with_missing(call, shown if is_shown else None, report)


def _with_missing(call: CommandContext, answer: Answer | None, report: PersonReport) -> Outcome:
    """Each one by its name: who sends the export must know what is not in it (rules 20.11)."""
    warnings = [f"not found: {one.original_name} of {one.ticket_number}" for one in report.missing]
    names = [{"file": m.original_name, "ticket_number": m.ticket_number} for m in report.missing]
    failure = PartlyDone(
        f"{plural(len(report.missing), 'file')} could not be found; named in the export",
        hint="Run 'savctl attachment verify' to find all lost files.",
        missing=names,
    )
    return Outcome(answer=answer, warnings=() if call.is_json else warnings, failures=(failure,))
