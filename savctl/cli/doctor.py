"""`savctl doctor`."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime
from typing import TYPE_CHECKING

from savctl.cli.framework.command import command, new_group
from savctl.cli.framework.context import CommandContext
from savctl.cli.framework.output import Answer, Outcome
from savctl.errors import Findings, SavError, Unavailable

if TYPE_CHECKING:
    from savctl.usecases.doctor.checks import CheckResult

group = new_group("Check everything savctl depends on.", is_command=True)

_COLUMNS = ("check", "level", "found", "advice")
_SURELY_WHOLE = 24  # cells of a text that no terminal cuts


@command(group, "doctor", examples=["savctl doctor", "savctl doctor -o json"])
def doctor(call: CommandContext) -> Outcome:
    """Check everything savctl depends on; exit 10 when something is wrong, 8 without database."""
    from savctl.usecases.doctor.checks import Environment, diagnose
    from savctl.usecases.doctor.cluster import CLUSTER
    from savctl.usecases.doctor.database import DATABASE
    from savctl.usecases.doctor.files import FILES, RECORDS
    from savctl.usecases.doctor.work import BROKER, WORK

    app = call.unproved_app
    patient = Environment(
        database=app.raw_database,
        clock=call.clock,
        broker=app.broker,
        store=app.store,
        scanner=app.scanner,
        due=lambda: _due(call),
        host_clock=app.host_clock,
        clock_skew_limit=call.settings.clock_skew_limit,
        lease_seconds=call.settings.lease_seconds,
    )
    elsewhere = {"settings": lambda _: _settings(call), **BROKER, **FILES}
    checks = {**DATABASE, **CLUSTER, **WORK, **RECORDS}
    diagnosis = diagnose(patient, checks, elsewhere=elsewhere)
    rows = [result.as_row() for result in diagnosis.results]
    answer = Answer(rows=rows, columns=_COLUMNS, kept=_COLUMNS, key="check")
    whole = _whole_findings(diagnosis.results) if call.look.room else []
    if not diagnosis.errors:
        return Outcome(answer=answer, notes=whole)
    names = ", ".join(dict.fromkeys(result.check for result in diagnosis.errors))
    failure: SavError = Findings(f"{len(diagnosis.errors)} thing(s) are wrong: {names}")
    if not diagnosis.is_reachable:
        failure = Unavailable(f"the database {app.raw_database.name} does not answer")
    return Outcome(answer=answer, notes=whole, failures=(failure,))


def _settings(call: CommandContext) -> Iterator[CheckResult]:
    """What no other examination meets: variables that are no settings, a token, its key."""
    from savctl.cli.settings_check import more_problems
    from savctl.usecases.doctor.checks import CheckLevel, CheckResult

    settings = call.settings
    for problem in (*settings.unknown, *more_problems(settings)):
        yield CheckResult(
            check="settings",
            level=CheckLevel.WARN if problem in settings.unknown else CheckLevel.ERROR,
            found=problem,
            advice="savctl config check names everything that is wrong.",
        )


def _whole_findings(results: Iterable[CheckResult]) -> list[str]:
    """What is not well and may be cut off in the table."""
    lines: list[str] = []
    for result in results:
        texts = (result.found, result.advice or "")
        if result.level != "ok" and max(map(len, texts)) > _SURELY_WHOLE:
            lines.append(f"{result.check}: {result.found}")
            lines += [f"  {result.advice}"] if result.advice else []
    return lines


def _due(call: CommandContext) -> Mapping[str, datetime]:
    """The oldest slot of each job that nobody has run yet."""
    from savctl.scheduling.job import all_jobs
    from savctl.scheduling.plan import all_schedules, due_slots

    schedules = all_schedules(call.settings)
    found = {
        name: due_slots(job, call.unproved_app, schedules[name], remember=False)
        for name, job in all_jobs().items()
    }
    return {name: slots[0] for name, slots in found.items() if slots}
