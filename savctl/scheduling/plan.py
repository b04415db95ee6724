"""Which slots are due now, by the database: schedules in force, what has been run."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from savctl.bootstrap import App
from savctl.config import SCHEDULE_PREFIX, Settings
from savctl.errors import ConfigurationError, InvalidInput
from savctl.persistence.jobs import runs, schedules
from savctl.persistence.jobs.runs import Run, RunStatus
from savctl.persistence.schema import server_info
from savctl.scheduling.job import Job, all_jobs
from savctl.scheduling.slots import Begun, Schedule, due

OFF = "off"
# Cron starts a job moments after its slot. Without this the very first `--due` of a monthly job
# would find nothing due, and the job would wait another month.
FIRST_SIGHT = timedelta(minutes=2)
_PUNCTUAL = timedelta(minutes=1)


def schedule_of(job: Job, settings: Settings) -> Schedule | None:
    """The schedule in force: the job's own or that of the settings; None when it is off."""
    line = settings.schedules.get(job.name, job.cron)
    return None if line.strip().lower() == OFF else Schedule(line)


def all_schedules(settings: Settings, chosen: Sequence[Job] = ()) -> Mapping[str, Schedule | None]:
    """The schedule of every job there is, and of those chosen.

    Raises:
        ConfigurationError: naming every schedule in the settings that is wrong.
    """
    known = {**all_jobs(), **{job.name: job for job in chosen}}
    problems = [
        f"{_setting(name)}: no job is called {name!r}"
        for name in settings.schedules.keys() - known
    ]
    found: dict[str, Schedule | None] = {}
    for job in known.values():
        try:
            found[job.name] = schedule_of(job, settings)
        except InvalidInput as problem:
            problems.append(f"{_setting(job.name)}: {problem.message}. {problem.hint}")
    if problems:
        raise ConfigurationError(
            f"wrong schedules: {len(problems)}: " + "; ".join(sorted(problems)),
            hint=f"Set {_setting(next(iter(known)))} to a cron line in UTC, or to {OFF}.",
        )
    return found


def due_slots(
    job: Job, app: App, schedule: Schedule | None, *, remember: bool = True
) -> list[datetime]:
    """The slots of the job to run now, oldest first; most often none or one.

    A job seen for the first time is remembered: it owes no slot from before. What a host whose
    clock was ahead left behind counts for nothing (rules 20.9).

    Raises:
        ClockOff: this host's clock is too far from the database's to begin anything.
    """
    if schedule is None:
        return []
    with app.database.reading() as connection:
        database_now = _database_now(app, connection, remember=remember)
        last = runs.last_slot(connection, job.name, up_to=database_now)
        known_since = schedules.find_known_since(connection, job.name)
    now = _now(app, database_now, remember=remember)
    is_off = known_since is not None and known_since > database_now
    if known_since is None or is_off:
        wrong, known_since = known_since, now - FIRST_SIGHT
        if remember:
            known_since = _remember(app, job, wrong, known_since)
    return slots_due(job, schedule, last, known_since, now=now, settings=app.settings)


def slots_due(
    job: Job,
    schedule: Schedule,
    last: Run | None,
    known_since: datetime,
    *,
    now: datetime,
    settings: Settings,
) -> list[datetime]:
    """The slots to run now, oldest first; `last` is the run of the newest slot that was begun."""
    return due(
        schedule,
        job.catch_up,
        begun=begun_from(last) if last else None,
        known_since=known_since,
        now=now,
        oldest=settings.catch_up_limit,
    )


def first_missed(
    job: Job,
    schedule: Schedule | None,
    last: Run | None,
    known_since: datetime | None,
    *,
    now: datetime,
    settings: Settings,
) -> datetime | None:
    """The first slot that nobody began, where one is owed by now.

    In the first minute nothing is missed: a scheduler begins a slot within seconds, cron in its
    minute.
    """
    if schedule is None:
        return None
    if known_since is None or known_since > now:
        known_since = now - FIRST_SIGHT
    owed = slots_due(job, schedule, last, known_since, now=now, settings=settings)
    if not owed:
        return None
    since = owed_since(schedule, owed, last, known_since)
    return since if now - since > _PUNCTUAL else None


def owed_since(
    schedule: Schedule, owed: Sequence[datetime], last: Run | None, known_since: datetime | None
) -> datetime:
    """The first slot after the last that was begun; one run makes up for all that passed since.

    A job of every minute that stands still for a day is late by a day, not by a minute.
    """
    after = (last.scheduled_for if last else None) or known_since
    first = None if after is None else schedule.next_after(after)
    return owed[0] if first is None else min(owed[0], first)


def _database_now(app: App, connection: Any, *, remember: bool) -> datetime:
    """The clock that all hosts share; what begins something agrees with it first."""
    return app.clock_guard.require(connection) if remember else server_info.now(connection)


def _now(app: App, database_now: datetime, *, remember: bool) -> datetime:
    """Now, never later than the database's; a question may be about another time (`--at`)."""
    is_question = not remember and app.clock is not app.host_clock
    return app.clock() if is_question else min(app.clock(), database_now)


def _remember(app: App, job: Job, wrong: datetime | None, since: datetime) -> datetime:
    """Note that the job is known from now on, in the place of a time in the future."""

    def work(connection: Any) -> datetime:
        if wrong is not None:
            schedules.forget_job(connection, job.name, known_since=wrong)
        return schedules.remember_job(connection, job.name, at=since)

    return app.database.transaction(work)


def begun_from(run: Run) -> Begun:
    """What the rules about slots need to know of a run; one that is alive is not continued."""
    return Begun(
        slot=run.scheduled_for or run.started_at,
        is_over=run.status in runs.FINISHED or run.status is RunStatus.RUNNING,
        attempt=run.attempt,
        idle_since=run.finished_at or run.started_at,
    )


def _setting(job: str) -> str:
    return SCHEDULE_PREFIX + job.upper().replace("-", "_")
