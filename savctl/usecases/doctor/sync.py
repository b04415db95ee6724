"""The queues of other services under `doctor`: there, consumed, how deep, how old."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import timedelta
from types import MappingProxyType

from savctl.domain.text import plural
from savctl.persistence.sync.dead import DeadMessages
from savctl.usecases.database.status import status
from savctl.usecases.doctor.checks import Check, CheckLevel, CheckResult, Environment
from savctl.usecases.doctor.work import age_text
from savctl.usecases.sync.comparing import marked_tickets
from savctl.usecases.sync.status import QueueReport, queue_reports

_LATE = timedelta(minutes=15)


def _queues(environment: Environment) -> Iterator[CheckResult]:
    if environment.queues is None:
        found = "no broker is configured: nothing arrives"
        yield CheckResult(check="queues", level=CheckLevel.OFF, found=found)
        return
    names = environment.queue_names
    for report in queue_reports(
        environment.database, environment.queues, environment.clock, names
    ):
        yield _queue(report)


def _queue(report: QueueReport) -> CheckResult:
    if not report.exists:
        return CheckResult(
            check="queues",
            level=CheckLevel.WARN,
            found=f"no queue {report.queue}",
            advice="Run 'savctl sync setup', if messages of other services are to arrive.",
        )
    waiting, consumers = report.messages or 0, report.consumers or 0
    found = f"{report.queue}: {plural(waiting, 'message')}, {plural(consumers, 'consumer')}"
    if report.oldest_age is not None:
        found += f", the oldest for {age_text(report.oldest_age)}"
    is_late = waiting > 0 and (report.oldest_age or timedelta()) > _LATE
    return CheckResult(
        check="queues",
        level=CheckLevel.WARN if is_late else CheckLevel.OK,
        found=found,
        advice="Run the job sync-consume, or 'savctl sync consume'." if is_late else None,
    )


def _sync(environment: Environment) -> Iterator[CheckResult]:
    if status(environment.database).state != "current":
        return
    with environment.database.reading() as connection:
        dead = sum(DeadMessages(connection).counts().values())
    marks = [ticket.mark for ticket in marked_tickets(environment.database)]
    pending, unknown = marks.count("pending"), marks.count("unknown")
    found = (
        f"{plural(dead, 'dead message')}; {plural(pending, 'order check')} pending, "
        f"{plural(unknown, 'order')} unknown"
    )
    advice = ["'savctl sync dead list' shows why."] * bool(dead)
    advice += ["'savctl sync reconcile' names the tickets."] * bool(unknown)
    yield CheckResult(
        check="sync",
        level=CheckLevel.WARN if dead or unknown else CheckLevel.OK,
        found=found,
        advice=" ".join(advice) or None,
    )


def _with_schema(check: Check) -> Check:
    def examine(environment: Environment) -> Iterator[CheckResult]:
        if environment.queues is None or status(environment.database).fits:
            yield from check(environment)

    return examine


SYNC: Mapping[str, Check] = MappingProxyType({"queues": _with_schema(_queues), "sync": _sync})
