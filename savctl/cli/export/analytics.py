"""`savctl export analytics`."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from savctl.cli.export import group
from savctl.cli.export._form import Out, form_of
from savctl.cli.framework.command import command
from savctl.cli.framework.context import CommandContext
from savctl.cli.framework.files import Force, may_overwrite, out_file
from savctl.cli.framework.output import Answer, Outcome
from savctl.cli.framework.stderr.progress import counting, watching
from savctl.domain.text import plural

if TYPE_CHECKING:
    from savctl.usecases.analytics.exporting import AnalyticsReport
    from savctl.usecases.batch.atomic_file import AtomicFile


@command(
    group,
    "analytics",
    writes=True,
    asks=True,
    examples=[
        "savctl export analytics --month 2025-09 --out 2025-09.csv",
        "savctl export analytics --month 2025-09 --out - --format jsonl",
    ],
)
def analytics(
    call: CommandContext,
    month: Annotated[
        str, typer.Option("--month", metavar="YYYY-MM", help="A month that is over (UTC).")
    ],
    out: Out,
    form: Annotated[
        str | None, typer.Option("--format", help="csv or jsonl; else by the file's name.")
    ] = None,
    force: Force = False,
) -> Answer | Outcome | None:
    """Write the figures of a month by day, category and priority.

    The file holds no ids, names or texts of tickets, and no cell of fewer tickets than the
    setting analytics_smallest. The JSON Schema of a row is written beside it.
    """
    from savctl.domain.analytics.months import Month
    from savctl.scheduling.stop import stopping_on_signals
    from savctl.usecases.analytics.exporting import AnalyticsRun, export_analytics
    from savctl.usecases.analytics.lines import FORMATS
    from savctl.usecases.analytics.reading import Source

    wanted, found = Month.read(month), form_of(form, out, FORMATS)
    wanted.require_over(call.clock())
    source = Source(
        database=call.database,
        cold=lambda: call.app.cold,
        policies=call.app.policies(store=False),
        now=call.clock(),
    )
    with (
        stopping_on_signals() as stop,
        out_file(call, out, force=force) as file,
        _schema_file(call, out, force=force) as schema,
        watching(call) as progress,
    ):
        run = AnalyticsRun(
            month=wanted,
            form=found,
            smallest=call.settings.analytics_smallest,
            by=call.by,
            dry_run=call.dry_run,
            on_page=counting(progress, lambda report: plural(report.tickets, "ticket")),
            should_stop=stop.is_set,
        )
        report = export_analytics(source, run, file, schema)
    if stop.signal is not None and report.reading.is_stopped:
        call.note(f"stopped by {stop.signal.name}; nothing was written")
        return Outcome(exit=128 + stop.signal)
    return _answer(call, out, run.form, month, report)


@contextmanager
def _schema_file(call: CommandContext, out: str, *, force: bool) -> Iterator[AtomicFile | None]:
    """The schema beside the file; one that is there already, and the same, is written again."""
    from savctl.usecases.analytics.lines import SCHEMA_SUFFIX, schema_content
    from savctl.usecases.batch.atomic_file import new_file

    if call.dry_run or out == "-":
        yield None
        return
    path = Path(f"{out}{SCHEMA_SUFFIX}")
    is_same = path.is_file() and not path.is_symlink() and path.read_bytes() == schema_content()
    overwrite = is_same or may_overwrite(call, path, force=force)
    with new_file(path, overwrite=overwrite) as file:
        yield file


def _answer(
    call: CommandContext, out: str, form: str, month: str, report: AnalyticsReport
) -> Answer | None:
    if report.reading.partial:
        call.note(
            f"{report.reading.partial} histories contradict their ticket: in no figure of "
            "promises; savctl sla audit"
        )
    if call.dry_run:
        call.note("dry run: nothing was stored")
    elif out == "-":
        call.note(f"{plural(report.rows, 'row')}, sha256 {report.sha256}")
        return None
    row: dict[str, object] = {
        "file": out,
        "format": form,
        "month": month,
        "tickets": report.reading.tickets,
        "rows": report.rows,
        "summed_cells": report.summed,
        "left_out_cells": report.left_out,
        "bytes": report.size_bytes,
        "sha256": report.sha256,
    }
    if call.dry_run:
        row["dry_run"] = True
    return Answer(rows=[row], is_one=True, as_record=True, key="file")
