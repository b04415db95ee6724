"""`savctl db check`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from savctl.cli.db import group
from savctl.cli.framework.command import command
from savctl.cli.framework.context import CommandContext
from savctl.cli.framework.output import Answer, Outcome
from savctl.cli.framework.stderr.progress import watching
from savctl.domain.text import plural
from savctl.errors import Findings

if TYPE_CHECKING:
    from savctl.usecases.database.integrity import BrokenInvariant, CheckReport

_COLUMNS = ("check", "severity", "count", "repaired", "example", "advice")


@command(
    group,
    "check",
    writes=True,
    examples=["savctl db check", "savctl db check --fix --dry-run", "savctl db check -o json"],
)
def check(
    call: CommandContext,
    fix: Annotated[bool, typer.Option("--fix", help="Put right what is safe.")] = False,
) -> Answer | Outcome:
    """Look for broken invariants in all the data.

    Exit code 10 when there are any.

    A repair loses nothing and invents nothing: history entries are put back from the audit,
    times set to what an unbroken history proves, unreadable metadata is kept under a key.
    """
    from savctl.scheduling.stop import stopping_on_signals
    from savctl.usecases.database.integrity import CheckOptions, check_integrity

    if fix:
        call.name_target()
    with stopping_on_signals() as stop, watching(call, closes=False) as progress:
        terms = CheckOptions(
            fix=fix,
            dry_run=call.dry_run,
            by=call.by,
            should_stop=stop.is_set,
            progress=lambda tickets: progress.show(plural(tickets, "ticket")),
        )
        report = check_integrity(call.database, call.clock, terms=terms)
    answer = Answer(
        rows=[_row(finding) for finding in report.ordered()],
        columns=_COLUMNS,
        key="check",
    )
    return _answered(call, answer, report, stop.signal)


def _answered(
    call: CommandContext, answer: Answer, report: CheckReport, signal: int | None
) -> Answer | Outcome:
    if call.dry_run:
        call.note("dry run: nothing was stored")
    if report.stopped and signal is not None:
        note = f"interrupted after {plural(report.tickets, 'ticket')}"
        return Outcome(answer=answer, notes=(note,), exit=128 + signal)
    if not report.is_broken:
        call.note(f"{plural(report.tickets, 'ticket')} checked: every invariant holds")
        return answer
    open_ = [finding for finding in report.ordered() if finding.is_open]
    broken = open_ or report.ordered()
    failure = Findings(
        f"broken invariants: {len(broken)}: "
        + ", ".join(f"{f.invariant.id} ({f.count - f.repaired or f.count})" for f in broken),
        hint=None if call.output != "table" else "-o json lists up to 20 examples of each.",
    )
    return Outcome(answer=answer, failures=(failure,))


def _row(finding: BrokenInvariant) -> dict[str, object]:
    rule = finding.invariant
    first = finding.sample[0] if finding.sample else None
    place = f"{first.ticket_number or first.id or ''} {first.detail}".strip() if first else ""
    return {
        "check": rule.id,
        "severity": str(rule.severity),
        "count": finding.count,
        "repaired": finding.repaired,
        "meaning": rule.meaning,
        "advice": rule.advice,
        "repair": rule.repair,
        "example": place,
        "sample": [
            {"id": e.id, "ticket_number": e.ticket_number, "detail": e.detail}
            for e in finding.sample
        ],
    }
