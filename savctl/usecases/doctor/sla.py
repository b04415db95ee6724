"""SLA under `doctor`: running breaches, and whether the scan of due targets keeps up."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import timedelta
from types import MappingProxyType

from savctl.domain.text import plural
from savctl.persistence.sla.breaches import count_running
from savctl.persistence.sla.scheduled_checks import next_look_at
from savctl.usecases.database.status import status
from savctl.usecases.doctor.checks import Check, CheckLevel, CheckResult, Environment
from savctl.usecases.doctor.work import age_text

_BEHIND = timedelta(minutes=15)  # the scan runs every minute


def _sla(environment: Environment) -> Iterator[CheckResult]:
    if status(environment.database).state != "current":
        return
    with environment.database.reading() as connection:
        running = count_running(connection)
        due_at = next_look_at(connection)
    late = environment.clock() - due_at if due_at is not None else timedelta()
    is_behind = late > _BEHIND
    found = f"{plural(running, 'active ticket')} past a target"
    if is_behind:
        found += f"; the scan is behind by {age_text(late)}"
    yield CheckResult(
        check="sla",
        level=CheckLevel.WARN if is_behind else CheckLevel.OK,
        found=found,
        advice="Run the job sla-escalation; 'savctl job why sla-escalation' explains."
        if is_behind
        else None,
    )


SLA: Mapping[str, Check] = MappingProxyType({"sla": _sla})
