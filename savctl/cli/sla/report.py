"""`savctl sla report, simulate`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from savctl.cli.framework.command import command
from savctl.cli.framework.context import CommandContext
from savctl.cli.framework.files import Force
from savctl.cli.framework.output import Answer
from savctl.cli.framework.page_file import page_place
from savctl.cli.report import By, Html, Since, Until, period, sla_answer, words_of
from savctl.cli.sla import group
from savctl.cli.sla.policy import read_policy_file
from savctl.domain.model.priority import LEVELS


@command(
    group,
    "report",
    asks=True,
    examples=["savctl sla report", "savctl sla report --by agent -o json"],
)
def report(
    call: CommandContext,
    since: Since = None,
    until: Until = None,
    by: By = "priority",
    html: Html = None,
    force: Force = False,
) -> Answer:
    """Report how promises were kept.

    The same as `savctl report sla`.
    """
    return sla_answer(call, since, until, by, page_place(call, html, force=force))


@command(
    group,
    "simulate",
    examples=["savctl sla simulate --policy stricter.toml --since 90d"],
)
def simulate(
    call: CommandContext,
    policy: Annotated[
        Path,
        typer.Option("--policy", metavar="FILE", help="Other targets: TOML with [targets.high]."),
    ],
    since: Since = None,
    until: Until = None,
) -> Answer:
    """Measure past tickets by other targets.

    It shows what would have been late.
    """
    from savctl.usecases.reports.sla_report import simulate as simulated

    other, span = read_policy_file(policy), period(call, since, until)
    found = simulated(call.database, span, other, policies=call.app.policies(store=False))
    call.note(f"tickets created from {words_of(span)}; nothing was changed")
    rows = [found[level].row(level) for level in map(str, reversed(LEVELS)) if level in found]
    return Answer(rows=rows, key="priority", noun="tickets")
