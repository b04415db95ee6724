"""The timed jobs of a demo: their schedules as configured, their slots under a moving clock."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

from savctl.domain.tickets.closing import ClosingLimits
from savctl.errors import InvalidInput

if TYPE_CHECKING:
    from savctl.bootstrap import App
    from savctl.scheduling.slots import Schedule
    from savctl.usecases.replay.timed_jobs import Run, TimedJob, Timetable

_MOMENT = timedelta(microseconds=1)


def with_runner(app: App, limits: ClosingLimits) -> list[TimedJob]:
    """Each run through the job runner: lease, run row and all."""
    from savctl.persistence.jobs.runs import StartedBy
    from savctl.scheduling.job import find_job
    from savctl.scheduling.runner import Start, run_job

    def run_of(name: str) -> Run:
        def run(slot: datetime) -> int:
            start = Start(
                by=StartedBy.SCHEDULER,
                slot=slot,
                is_confirmed=True,
                with_figures=False,  # months pass in seconds: the jobs at the end count them
            )
            return run_job(find_job(name), app, start).done.changed

        return run

    return [*_jobs(app, limits, run_of, sweeps=None), _escalation(app)]


def run_others(app: App) -> dict[str, str]:
    """Run every other job once, at the end of the story; answers how each ended."""
    from savctl.persistence.jobs.runs import StartedBy
    from savctl.scheduling.job import all_jobs
    from savctl.scheduling.runner import Start, run_job

    start = Start(by=StartedBy.SCHEDULER, is_confirmed=True)
    return {name: str(run_job(job, app, start).status) for name, job in all_jobs().items()}


def _escalation(app: App) -> TimedJob:
    """The SLA scan as its use case alone: it has hundreds of slots."""
    from savctl.demo.escalation import NAME, EscalationJob
    from savctl.usecases.batch.batches import BatchContext
    from savctl.usecases.batch.report import BatchReport
    from savctl.usecases.replay.timed_jobs import every
    from savctl.usecases.sla.escalating import escalate

    policies = app.policies(store=True)

    def run(_: datetime) -> int:
        report = BatchReport()
        escalate(app.database, app.clock, terms=BatchContext(report=report), policies=policies)
        return report.changed

    return EscalationJob(NAME, timedelta(), every(1), run, database=app.database)


def plain(
    app: App, limits: ClosingLimits, *, only: Sequence[str], sweeps: Path | None
) -> list[TimedJob]:
    """Each run as its use case alone: a long log has tens of thousands of slots."""
    from savctl.usecases.replay.timed_jobs import closings

    runs = closings(app.database, app.clock, limits)
    jobs = _jobs(app, limits, runs.__getitem__, sweeps=_times(sweeps) if sweeps else None)
    return [job for job in jobs if job.name in only]


def chosen(given: str) -> tuple[str, ...]:
    """The jobs that `--jobs` names: on, off, or a list."""
    from savctl.usecases.replay.timed_jobs import STARTS

    words = given.strip().lower()
    if words in {"on", "off"}:
        return tuple(STARTS) if words == "on" else ()
    names = tuple(name.strip() for name in words.split(",") if name.strip())
    strange = [name for name in names if name not in STARTS]
    if strange or not names:
        raise InvalidInput(
            f"--jobs {given!r} is not on, off or a list of {', '.join(STARTS)}",
        )
    return names


def _jobs(
    app: App,
    limits: ClosingLimits,
    run_of: Callable[[str], Run],
    *,
    sweeps: Sequence[datetime] | None,
) -> list[TimedJob]:
    from savctl.scheduling.job import find_job
    from savctl.scheduling.plan import schedule_of
    from savctl.usecases.replay.timed_jobs import AUTO_CLOSE, CLOSE_RESOLVED, TimedJob, at

    found = []
    for name, limit in ((AUTO_CLOSE, limits.silence), (CLOSE_RESOLVED, limits.confirmation)):
        schedule = schedule_of(find_job(name), app.settings)
        timetable = _timetable(schedule) if schedule is not None else None
        if sweeps is not None and name == CLOSE_RESOLVED:
            timetable = at(sweeps)
        if timetable is not None:
            found.append(TimedJob(name, limit, timetable, run_of(name)))
    return found


def _timetable(schedule: Schedule) -> Timetable:
    return lambda moment: schedule.next_after(moment - _MOMENT)


def _times(path: Path) -> list[datetime]:
    try:
        lines = path.read_text(encoding="utf-8-sig").split("\n")
        moments = [datetime.fromisoformat(line.strip()) for line in lines if line.strip()]
    except OSError as problem:
        raise InvalidInput(f"cannot read {path}: {problem.strerror}") from None
    except ValueError as problem:
        raise InvalidInput(f"{path}: {problem}", hint="One RFC 3339 time a line.") from None
    return [m.replace(tzinfo=UTC) if m.tzinfo is None else m for m in moments]
