"""What a scheduler did, a line for each run in its log, and what a tick answers with.

A job of every minute that finds nothing to do would fill the log: of its runs that changed nothing
the first is logged, then one an hour, which counts the others.
"""

from __future__ import annotations

import logging
import time
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from threading import Lock

from savctl.domain.text import plural
from savctl.errors import AlreadyRunning, SavError
from savctl.persistence.jobs.running import SlotTaken
from savctl.persistence.jobs.runs import RunStatus
from savctl.scheduling.runner import JobReport, status_after

_log = logging.getLogger("savctl.scheduler")
_QUIET_SECONDS = 3_600.0
ELSEWHERE = "elsewhere"


@dataclass(frozen=True, slots=True, kw_only=True)
class SlotResult:
    """How the run of a slot ended: its report, or why there is none."""

    job: str
    slot: datetime
    outcome: str
    report: JobReport | None = None
    reason: str | None = None

    def as_row(self) -> dict[str, object]:
        """The row of `scheduler tick`."""
        counts = self.report.done.counts() if self.report else {}
        names = ("seen", "changed", "skipped", "failed", "left")
        return {
            "job": self.job,
            "slot": self.slot,
            "run_id": self.report.run_id if self.report else None,
            "outcome": self.outcome,
            **{name: counts.get(name) for name in names},
            "reason": self.reason,
        }


class RunLog:
    """The runs of one scheduler; its threads share it."""

    def __init__(self, monotonic: Callable[[], float] = time.monotonic) -> None:
        self._results: list[SlotResult] = []
        self._monotonic = monotonic
        self._logged_at: dict[str, float] = {}
        self._quiet: Counter[str] = Counter()
        self._lock = Lock()
        self.keeps_results = False

    def done(self, report: JobReport, slot: datetime, ids: Mapping[str, object]) -> None:
        """Log a run that ended by itself."""
        self._keep(
            SlotResult(job=report.job, slot=slot, outcome=str(report.status), report=report)
        )
        quiet = self._quiet_runs_before(report)
        counts = report.done.counts()
        summary = ", ".join(f"{count} {name}" for name, count in counts.items())
        if quiet:
            summary += f"; {plural(quiet, 'run')} before it changed nothing"
        level = logging.DEBUG if quiet is None else logging.INFO
        seconds = (report.finished_at - report.started_at).total_seconds()
        details = {"status": str(report.status), "seconds": seconds, **counts}
        extra = {"event": "job_done", "run_id": report.run_id, **ids, "details": details}
        _log.log(level, "%s %s: %s.", report.job, report.status, summary, extra=extra)

    def failed(self, job: str, slot: datetime, problem: BaseException) -> None:
        """Keep a run that did not end by itself; who met the problem logs it."""
        is_elsewhere = isinstance(problem, AlreadyRunning | SlotTaken)
        self._keep(
            SlotResult(
                job=job,
                slot=slot,
                outcome=ELSEWHERE if is_elsewhere else str(status_after(problem)),
                reason=problem.message if isinstance(problem, SavError) else str(problem),
            )
        )

    def results(self) -> list[SlotResult]:
        """The runs that were kept, by job and slot."""
        with self._lock:
            return sorted(self._results, key=lambda result: (result.job, result.slot))

    def _keep(self, result: SlotResult) -> None:
        if self.keeps_results:
            with self._lock:
                self._results.append(result)

    def _quiet_runs_before(self, report: JobReport) -> int | None:
        """How many runs were not logged before this one; None when it is one of them."""
        counts = report.done.counts()
        did_nothing = report.status is RunStatus.OK and not (
            counts["changed"] or counts["skipped"]
        )
        with self._lock:
            now = self._monotonic()
            since = now - self._logged_at.get(report.job, -_QUIET_SECONDS)
            if did_nothing and since < _QUIET_SECONDS:
                self._quiet[report.job] += 1
                return None
            self._logged_at[report.job] = now
            return self._quiet.pop(report.job, 0)
