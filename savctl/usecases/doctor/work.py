"""The work under `doctor`: leases, runs, the outbox and the broker."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import timedelta
from types import MappingProxyType

from savctl.domain.text import plural, verb
from savctl.persistence.events import outbox_queue
from savctl.persistence.jobs import leases, runs, schedules
from savctl.persistence.jobs.runs import RunStatus
from savctl.persistence.schema import server_info
from savctl.usecases.database.status import status
from savctl.usecases.doctor.checks import Check, CheckLevel, CheckResult, Environment

OUTBOX_WARN = timedelta(minutes=15)
OUTBOX_ERROR = timedelta(hours=6)
_BY_HAND = "bulk-"  # runs of bulk commands: whoever ran one has its answer
_NAMED = 5  # rows of a wrong clock
_UNITS = (
    (timedelta(days=1), "days"),
    (timedelta(hours=1), "hours"),
    (timedelta(minutes=1), "minutes"),
)

_RUN_LEVELS: Mapping[RunStatus, tuple[CheckLevel, str]] = MappingProxyType(
    {
        RunStatus.FAILED: (CheckLevel.ERROR, "Run 'savctl job why {job}' for the error."),
        RunStatus.ABANDONED: (CheckLevel.WARN, "Its process died; the next run continues."),
        RunStatus.INTERRUPTED: (CheckLevel.WARN, "It was stopped; the next run continues."),
        RunStatus.BRAKED: (CheckLevel.WARN, "A person must confirm: savctl job why {job}."),
        RunStatus.PARTLY: (
            CheckLevel.WARN,
            "Some items failed: savctl job history {job} -o json.",
        ),
    }
)


def _leases(environment: Environment) -> Iterator[CheckResult]:
    with environment.database.reading() as connection:
        held = leases.held(connection)
    alive = [f"{name} by {holder.owner}" for name, holder in held if holder.seconds_left > 0]
    yield CheckResult(check="leases", level=CheckLevel.OK, found=", ".join(alive) or "none held")
    for name, holder in held:
        if holder.seconds_left <= 0:
            ago = age_text(timedelta(seconds=-holder.seconds_left))
            yield CheckResult(
                check="leases",
                level=CheckLevel.WARN,
                found=f"{name}: {holder.owner} was last heard of before it ran out {ago} ago",
                advice="That process died. Nothing is locked; its next run takes over.",
            )


def _jobs(environment: Environment) -> Iterator[CheckResult]:
    with environment.database.reading() as connection:
        names = [n for n in runs.known_jobs(connection) if not n.startswith(_BY_HAND)]
        last = [run for name in names if (run := runs.last_run(connection, name)) is not None]
        schedulers = schedules.alive(connection)
    ok = [run.job for run in last if run.status not in _RUN_LEVELS]
    if ok or not last:
        found = f"last run fine: {', '.join(ok)}" if ok else "no job has run yet"
        yield CheckResult(check="jobs", level=CheckLevel.OK, found=found)
    for run in last:
        if run.status in _RUN_LEVELS:
            level, advice = _RUN_LEVELS[run.status]
            if run.status is RunStatus.INTERRUPTED and run.error:
                advice = "A dependency was missing; the next run continues."
            text = f"{run.job}: {run.status} at {run.started_at:%Y-%m-%d %H:%M}Z on {run.host}"
            text += f": {run.error.splitlines()[0]}" if run.error else ""
            yield CheckResult(
                check="jobs", level=level, found=text, advice=advice.format(job=run.job)
            )
    yield from _of_a_wrong_clock(environment)
    who = ", ".join(one.owner for one in schedulers)
    who = f"alive: {who}" if who else "no scheduler is alive"
    overdue = _overdue(environment)
    if not overdue:
        yield CheckResult(
            check="schedule", level=CheckLevel.OK, found=f"no slot is overdue; {who}"
        )
        return
    yield CheckResult(
        check="schedule",
        level=CheckLevel.WARN,
        found=f"overdue: {', '.join(overdue)}; {who}",
        advice="Run 'savctl scheduler run' as a service, or install the lines of 'savctl job "
        "crontab'.",
    )


def _of_a_wrong_clock(environment: Environment) -> Iterator[CheckResult]:
    """Times that have not come yet; they hold nothing up, but name a host whose clock was off."""
    with environment.database.reading() as connection:
        now = server_info.now(connection)
        slots = runs.slots_after(connection, now, limit=_NAMED + 1)
        known = schedules.known_after(connection, now)
    found = [
        f"{run.job}: slot {run.scheduled_for:%Y-%m-%d %H:%M}Z begun by {run.host}"
        for run in slots[:_NAMED]
    ]
    found += ["more"] if len(slots) > _NAMED else []
    found += [f"{job}: known since {since:%Y-%m-%d %H:%M}Z" for job, since in known.items()]
    if found:
        yield CheckResult(
            check="schedule",
            level=CheckLevel.WARN,
            found=f"in the future of the database's clock: {'; '.join(found)}",
            advice="A host's clock was ahead. Nothing waits for it; savctl db check --fix removes "
            "these rows.",
        )


def _overdue(environment: Environment) -> list[str]:
    now = environment.clock()
    return [
        f"{job} since {slot:%Y-%m-%d %H:%M}Z"
        for job, slot in environment.due().items()
        if now - slot > schedules.OVERDUE
    ]


def _outbox(environment: Environment) -> Iterator[CheckResult]:
    with environment.database.reading() as connection:
        counts = outbox_queue.counts(connection, now=environment.clock())
    waiting, age = counts["waiting"], counts["oldest_age"]
    oldest = f", the oldest for {age_text(age)}" if age is not None else ""
    if environment.broker is None:
        events = f"{plural(waiting, 'event')} {verb(waiting, 'wait')}"
        found = f"no broker is configured: {events} in the outbox{oldest}"
        is_old = age is not None and age > OUTBOX_WARN
        yield CheckResult(
            check="outbox",
            level=CheckLevel.WARN if is_old else CheckLevel.OK,
            found=found,
            advice="Set SAVCTL_BROKER_URL, or RABBITMQ_HOST, if events are to be sent."
            if is_old
            else None,
        )
    else:
        level, refusals = _age_level(age), counts["refusals"]
        advice = "savctl event status; savctl job why event-relay"
        if refusals:
            level = CheckLevel.WARN if level is CheckLevel.OK else level
            oldest += f"; {refusals} refusals"
            advice = "savctl event list --waiting shows why."
        yield CheckResult(
            check="outbox",
            level=level,
            found=f"{plural(waiting, 'event')} {verb(waiting, 'wait')}{oldest}",
            advice=advice if level is not CheckLevel.OK else None,
        )
    if counts["dead"]:
        yield CheckResult(
            check="outbox",
            level=CheckLevel.ERROR,
            found=f"{counts['dead']} dead events; each holds back the later ones of its ticket",
            advice="savctl event list --dead shows why; then savctl event retry ID, or skip ID.",
        )


_ANOTHER_NODE = "Another node is used meanwhile. Start this one, or take it out of broker_url."


def _broker(environment: Environment) -> Iterator[CheckResult]:
    if environment.broker is None:
        found = "no broker is configured: events wait in the outbox"
        yield CheckResult(check="broker", level=CheckLevel.OFF, found=found)
        return
    nodes = environment.broker.check_each()
    answers = any(problem is None for problem in nodes.values())
    for node, problem in nodes.items():
        if problem is None:
            yield CheckResult(check="broker", level=CheckLevel.OK, found=f"{node} answers")
            continue
        yield CheckResult(
            check="broker",
            level=CheckLevel.WARN if answers else CheckLevel.ERROR,
            found=problem.message,
            advice=_ANOTHER_NODE if answers else problem.hint,
        )


def _age_level(age: timedelta | None) -> CheckLevel:
    if age is None or age <= OUTBOX_WARN:
        return CheckLevel.OK
    return CheckLevel.ERROR if age > OUTBOX_ERROR else CheckLevel.WARN


def age_text(age: timedelta) -> str:
    """An age for people, in its largest unit."""
    for unit, name in _UNITS:
        if age >= 2 * unit:
            return f"{age // unit} {name}"
    return f"{age // timedelta(seconds=1)} s"


def _with_schema(examination: Check) -> Check:
    """These need savctl's own tables as they are now; else the check of the schema reports it."""

    def examine(environment: Environment) -> Iterator[CheckResult]:
        if status(environment.database).fits:
            yield from examination(environment)

    return examine


WORK: Mapping[str, Check] = MappingProxyType(
    {
        "leases": _with_schema(_leases),
        "jobs": _with_schema(_jobs),
        "outbox": _with_schema(_outbox),
    }
)
BROKER: Mapping[str, Check] = MappingProxyType({"broker": _broker})
