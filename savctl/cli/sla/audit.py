"""`savctl sla audit`."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from savctl.cli.framework.command import command
from savctl.cli.framework.context import CommandContext
from savctl.cli.framework.output import Answer, Outcome
from savctl.cli.framework.page import and_more, named, section
from savctl.cli.framework.text import minutes_in_words
from savctl.cli.sla import group
from savctl.domain.text import plural
from savctl.errors import ExitCode, NotFound

_SHOWN = 20  # findings in the text; JSON has more
_COUNTS = ("missed", "late", "doubled", "unfounded", "wiped", "unledgered", "partial")
_MEANING = {
    "missed": "breaches that no scan saw, recorded now",
    "late": "breaches found long after the target passed: was sla-escalation running?",
    "doubled": "sides that are written down twice",
    "unfounded": "recorded breaches that the clock does not find",
    "wiped": "breaches another program had removed, put back",
    "unledgered": "breaches that only the metadata had",
    "partial": "histories that contradict their ticket: never escalated; see savctl db check",
}


@command(
    group,
    "audit",
    writes=True,
    asks=True,
    examples=["savctl sla audit --dry-run", "savctl sla audit --yes -o json"],
)
def audit(
    call: CommandContext,
    last: Annotated[bool, typer.Option("--last", help="Show the last audit; run none.")] = False,
) -> Answer | Outcome:
    """Compute every clock again and compare with the record.

    Exit code 10 when it differs.

    It is the job sla-audit: breaches that no scan saw are recorded and published now.
    """
    report = _last(call) if last else _dry_run(call) if call.dry_run else _run(call)
    if not isinstance(report, dict):
        return report
    answer = Answer(rows=[report], is_one=True, key="made_at", text=_text(report))
    if not any(report[name] for name in _COUNTS):
        return answer
    return Outcome(answer=answer, exit=int(ExitCode.FINDINGS))


def _last(call: CommandContext) -> dict[str, Any]:
    from savctl.usecases.sla.auditing import last_audit

    report = last_audit(call.database)
    if report is None:
        raise NotFound("no audit has run yet", hint="Run 'savctl sla audit'.")
    return report


def _run(call: CommandContext) -> dict[str, Any] | Answer | Outcome:
    """The report that the job leaves; the run's own when it was stopped, or some items failed."""
    from savctl.cli.job.running import answered, run_now
    from savctl.persistence.jobs.runs import RunStatus
    from savctl.scheduling.job import find_job
    from savctl.scheduling.stop import stopping_on_signals

    with stopping_on_signals() as stop:
        done = run_now(call, find_job("sla-audit"), stop)
    if done.status is not RunStatus.OK:
        return answered(call, done, stop)
    call.note(f"tickets repaired: {done.done.changed}; run {done.run_id}")
    return _last(call)


def _dry_run(call: CommandContext) -> dict[str, Any]:
    from savctl.usecases.batch.batches import BatchContext
    from savctl.usecases.batch.report import BatchReport
    from savctl.usecases.sla.auditing import audit as audited

    call.note("dry run: nothing was stored")
    done = BatchReport(lists_changes=True)
    report = audited(
        call.database,
        call.clock,
        terms=BatchContext(report=done, dry_run=True),
        policies=call.policies,
        brake=None if call.yes else call.settings.sla_audit_brake,
    )
    if done.would_stop is not None:
        call.warn(f"the real run would stop: {done.would_stop}")
    return report.as_json()


def _text(report: dict[str, Any]) -> str:
    found = [f"{report[name]:>8}  {_MEANING[name]}" for name in _COUNTS if report[name]]
    items = report["items"][:_SHOWN]
    lines = named(
        [
            (item["ticket_number"], f"{item['finding']}: {minutes_in_words(item['detail'])}")
            for item in items
        ],
        inside=1,
    )
    total = sum(report[name] for name in _COUNTS)
    lines += and_more(total, shown=len(items), listed=len(report["items"]))
    head = f"{plural(report['tickets'], 'ticket')} audited at {report['made_at']}"
    return "\n".join(section(head, [*(found or ["no differences found"]), *lines]))
