"""`savctl backup drill`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from savctl.cli.backup import group
from savctl.cli.backup._rows import work_of
from savctl.cli.framework.command import command
from savctl.cli.framework.context import CommandContext
from savctl.cli.framework.files import Force
from savctl.cli.framework.output import Answer, Outcome
from savctl.cli.framework.page_file import page_place, write_page
from savctl.errors import Findings

if TYPE_CHECKING:
    from savctl.domain.backup.drill_report import DrillReport
    from savctl.usecases.backup.drill.work import DrillWork

_COLUMNS = ("name", "outcome", "seconds", "lost_seconds")


@command(
    group,
    "drill",
    writes=True,
    examples=["savctl backup drill", "savctl backup drill --html drill.html"],
)
def drill(
    call: CommandContext,
    html: Annotated[
        Path | None, typer.Option("--html", metavar="FILE", help="Write it as an HTML page too.")
    ] = None,
    force: Force = False,
) -> Answer | Outcome:
    """Rehearse the four recovery procedures on copies.

    Exit code 10 when one fails.

    corruption: the newest backup is restored whole, the binary logs replayed. deletion: one
    ticket is restored from a backup. objects: files are restored from the mirror. outage: events
    wait and arrive. Each is measured; lost_seconds is what a disaster now would cost. The report
    is kept beside the backups.
    """
    from savctl.usecases.backup.drill.rehearsing import PROCEDURES, run_drill

    place = page_place(call, html, force=force)
    call.name_target()
    if call.dry_run:
        rows = [{"name": name, "outcome": "would be rehearsed"} for name, _ in PROCEDURES]
        call.note("dry run: nothing was rehearsed")
        return Answer(rows=rows, columns=_COLUMNS, key="name", noun="procedures")
    report = run_drill(_work(call), watch=lambda name: call.note(f"{name} …"))
    text = None
    if place is not None:
        from savctl.cli.backup._drill_page import drill_page

        text = write_page(call, place, drill_page(report))
    return _answer(call, report, text)


def _answer(call: CommandContext, report: DrillReport, text: str | None) -> Outcome:
    shown = report.as_json()
    if call.is_for_people:
        rows = [one.as_json() for one in report.procedures]
        answer = Answer(rows=rows, columns=_COLUMNS, key="name", noun="procedures", text=text)
    else:
        answer = Answer(rows=[shown], is_one=True, as_record=True, key="id", text=text)
    if not report.failed:
        return Outcome(answer=answer)
    names = ", ".join(one.name for one in report.failed)
    failure = Findings(
        f"the drill failed: {names}",
        hint="Run 'savctl doctor': its lines backup, binlog, mirror, broker name causes.",
    )
    return Outcome(answer=answer, failures=(failure,))


def _work(call: CommandContext) -> DrillWork:
    from savctl.adapters.directory.store import DirectoryStore
    from savctl.usecases.backup.drill.work import DrillWork

    app = call.app
    return DrillWork(
        backups=work_of(call, needs_database=True),
        logs=app.log_work,
        mirror=app.mirror,
        broker=app.broker,
        new_store=DirectoryStore,
    )
