"""The scheduler: looks every few seconds for due jobs and runs each in a thread of its own.

APScheduler is the ticker only, in memory and in UTC. What is due and who runs it is decided in
the database, so any number of schedulers, cron lines and people may be at it (design 5.1).
"""

from __future__ import annotations

import logging
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from threading import Thread
from traceback import extract_tb

from savctl import __version__
from savctl.bootstrap import App
from savctl.domain.clock import second_text
from savctl.domain.text import plural
from savctl.errors import (
    AlreadyRunning,
    ExitCode,
    SavError,
    Unavailable,
)
from savctl.persistence.jobs import schedules
from savctl.persistence.jobs.running import SlotTaken
from savctl.persistence.jobs.runs import RunStatus, StartedBy
from savctl.ports import system_clock
from savctl.scheduling.job import Job
from savctl.scheduling.plan import all_schedules, due_slots
from savctl.scheduling.run_log import RunLog, SlotResult
from savctl.scheduling.runner import Start, run_job
from savctl.scheduling.stop import Stop
from savctl.scheduling.troubles import DATABASE, Troubles, source_of

_log = logging.getLogger("savctl.scheduler")
_TICKER = "ticker"
_BEATS_MISSED = 4  # a scheduler counts as gone after so many ticks without a sign


class Scheduler:
    """Runs the chosen jobs when they are due; `codes` holds how each run ended."""

    def __init__(self, app: App, chosen: Sequence[Job], stop: Stop, *, by: StartedBy) -> None:
        """Raises:
        ConfigurationError: a schedule in the settings is wrong.
        """
        self.codes: set[ExitCode] = set()
        self._app = app
        self._jobs = chosen
        self._schedules = all_schedules(app.settings, chosen)
        self._stop = stop
        self._by = by
        self._threads: dict[str, Thread] = {}
        self._troubles = Troubles()
        self._runs = RunLog()

    def run(self) -> None:
        """Tick until somebody asks to stop, then wait for the batches at hand.

        Raises:
            SchemaMismatch: the database is there, but its schema is not this savctl's.
        """
        from apscheduler.executors.pool import ThreadPoolExecutor
        from apscheduler.jobstores.memory import MemoryJobStore
        from apscheduler.schedulers.background import BackgroundScheduler

        with suppress(Unavailable):  # a database that is down is waited for
            _ = self._app.database
        logging.getLogger("apscheduler").setLevel(logging.ERROR)
        ticker = BackgroundScheduler(
            timezone=UTC,
            jobstores={"default": MemoryJobStore()},
            executors={"default": ThreadPoolExecutor(1)},
            job_defaults={"coalesce": True, "max_instances": 1, "misfire_grace_time": None},
        )
        seconds = self._app.settings.tick_seconds
        ticker.add_job(self._tick_alive, "interval", seconds=seconds, next_run_time=system_clock())
        self._log_start()
        ticker.start()
        self._stop.wait()
        self._log_stop()
        ticker.shutdown(wait=True)
        self.join()
        self._leave()
        _log.info("The scheduler ended.", extra={"event": "scheduler_ended"})

    def tick(self) -> None:
        """Start what is due now; never raises, for the next tick may do better."""
        self._runs.keeps_results = True
        if self._has_looked():
            self._troubles.settle(_TICKER)

    def results(self) -> list[SlotResult]:
        """How each slot ended that a `tick` started."""
        return self._runs.results()

    def join(self) -> None:
        """Wait until every job at work has come to its end, or to the end of its batch."""
        for thread in self._threads.values():
            thread.join()

    def _log_start(self) -> None:
        """Which savctl runs which jobs against which database, and when."""
        now = self._app.clock()
        slots = {
            job.name: schedule.next_after(now) if (schedule := self._schedules[job.name]) else None
            for job in self._jobs
        }
        count = plural(len(slots), "job")
        database = self._app.raw_database.name
        _log.info(
            "savctl %s runs %s as %s on the database %s. Next: %s. Ctrl-C or SIGTERM ends it.",
            *(__version__, count, self._app.owner, database, _slots_text(slots)),
            extra={
                "event": "scheduler_started",
                "details": {
                    "version": __version__,
                    "database": database,
                    "owner": self._app.owner,
                    "jobs": {n: second_text(s) if s else None for n, s in slots.items()},
                },
            },
        )

    def _log_stop(self) -> None:
        at_work = sorted(name for name, thread in self._threads.items() if thread.is_alive())
        what = f" of {', '.join(at_work)}" if at_work else ""
        _log.info(
            "Stopping after the current batch%s.", what, extra={"event": "scheduler_stopping"}
        )

    def _tick_alive(self) -> None:
        """A tick of a scheduler that others are to see; reading alone does not record that the
        database is well."""
        if self._has_looked() and self._has_announced():
            self._troubles.settle(_TICKER)

    def _has_looked(self) -> bool:
        """Start each job that is due; False when the database did not answer."""
        for job in self._jobs:
            look = f"{_TICKER} {job.name}"
            try:
                self._start_if_due(job)
            except SavError as problem:
                self._report_database(problem)
                return False
            except Exception as bug:  # it is this job's: the others have theirs started
                self.codes.add(ExitCode.BUG)
                message = f"Whether {job.name} is due cannot be found out: {_named(bug)}"
                self._troubles.report(
                    job.name, message, by=look, bug=bug, event="tick_failed", ids={"job": job.name}
                )
            else:
                self._troubles.settle(look)
        return True

    def _has_announced(self) -> bool:
        """Record that this scheduler is alive."""
        seconds = self._app.settings.tick_seconds * _BEATS_MISSED
        try:
            self._app.database.transaction(
                lambda c: schedules.announce(c, self._app.owner, seconds=seconds)
            )
        except SavError as problem:
            self._report_database(problem)
            return False
        return True

    def _leave(self) -> None:
        try:
            self._app.database.transaction(lambda c: schedules.take_leave(c, self._app.owner))
        except SavError as problem:
            self._report_database(problem)

    def _report_database(self, problem: SavError) -> None:
        self.codes.add(problem.exit_code)
        message = f"{problem.message}. The scheduler keeps trying."
        self._troubles.report(DATABASE, message, by=_TICKER)

    def _start_if_due(self, job: Job) -> None:
        at_work = self._threads.get(job.name)
        if self._stop.is_set() or (at_work is not None and at_work.is_alive()):
            return
        slots = due_slots(job, self._app, self._schedules[job.name])
        if slots:
            thread = Thread(target=self._work, args=(job, slots), name=job.name)
            self._threads[job.name] = thread
            thread.start()

    def _work(self, job: Job, slots: Sequence[datetime]) -> None:
        while slots:
            began = time.monotonic()
            for slot in slots:
                if self._stop.is_set():
                    return
                self.codes.add(self._run_slot(job, slot))
            slots = self._next_at_once(job, worked_for=time.monotonic() - began)

    def _next_at_once(self, job: Job, *, worked_for: float) -> Sequence[datetime]:
        """A steady job that has been at work goes on without waiting for a tick.

        One that ended at once (it runs elsewhere, it failed) waits: this must not spin.
        """
        if not job.is_continuous or self._by is not StartedBy.SCHEDULER or worked_for < 1:
            return []
        try:
            return due_slots(job, self._app, self._schedules[job.name])
        except SavError as problem:
            self._report_database(problem)
            return []

    def _run_slot(self, job: Job, slot: datetime) -> ExitCode:
        """Run one slot; whatever happens in it stays in it."""
        run_until = None
        if job.is_continuous and self._by is StartedBy.SCHEDULER:
            schedule = self._schedules[job.name]
            run_until = schedule.next_after(self._app.clock()) if schedule else None
        start = Start(
            by=self._by,
            slot=slot,
            run_until=run_until,
            should_stop=self._stop.is_set,
            troubles=self._troubles,
        )
        ids: dict[str, object] = {"job": job.name, "slot": f"{slot:%Y-%m-%dT%H:%MZ}"}
        try:
            report = run_job(job, self._app, start)
        except SavError as problem:
            self._runs.failed(job.name, slot, problem)
            return self._report_outcome(job, problem, ids)
        except Exception as bug:
            self._runs.failed(job.name, slot, bug)
            message = f"{job.name} failed: {_named(bug)}; savctl job why {job.name} has its text"
            self._troubles.report(
                job.name, message, by=job.name, bug=bug, event="job_failed", ids=ids
            )
            return ExitCode.BUG
        if report.status in {RunStatus.OK, RunStatus.PARTLY}:
            self._troubles.settle(job.name)
        self._runs.done(report, slot, ids)
        return ExitCode.PARTLY if report.status is RunStatus.PARTLY else ExitCode.DONE

    def _report_outcome(self, job: Job, problem: SavError, ids: dict[str, object]) -> ExitCode:
        """Report why a slot was not run to its end, unless another host runs it."""
        if isinstance(problem, AlreadyRunning | SlotTaken):
            _log.debug("%s", problem.message, extra={"event": "job_elsewhere", **ids})
            return ExitCode.DONE
        is_outage = isinstance(problem, Unavailable)
        advice = "The scheduler keeps trying." if is_outage else problem.hint or ""
        self._troubles.report(
            source_of(problem, job.name),
            f"{problem.message}. {advice}".rstrip(),
            by=job.name,
            event="scheduler_trouble" if is_outage else "job_refused",
            level=logging.ERROR if is_outage else logging.WARNING,
            ids=ids,
        )
        return problem.exit_code


def _slots_text(slots: Mapping[str, datetime | None]) -> str:
    """The coming slots, soonest first: `09:30Z auto-close, close-resolved; 03 Oct 02:20Z …`."""
    jobs: dict[datetime, list[str]] = {}
    for name, slot in slots.items():
        if slot is not None:
            jobs.setdefault(slot, []).append(name)
    parts = [f"{slot:%d %b %H:%M}Z {', '.join(names)}" for slot, names in sorted(jobs.items())]
    return "; ".join(parts) or "none, every schedule is off"


def _named(bug: BaseException) -> str:
    """Its type and its place: what it says may repeat what the database holds."""
    places = extract_tb(bug.__traceback__)
    place = f" at {Path(places[-1].filename).name}:{places[-1].lineno}" if places else ""
    return f"{type(bug).__name__}{place}"
