"""Who is called when a run begins and ends: `ping_url` and `on_failure` (rules 18.7).

Neither can fail a job: what goes wrong with them is logged. A run that never begins (it runs
elsewhere, the database is away) calls nobody: the call that is missing is the alarm.
"""

from __future__ import annotations

import json
import logging
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from savctl.bootstrap import App
from savctl.errors import ExitCode, SavError
from savctl.persistence.jobs.runs import RunStatus
from savctl.scheduling.troubles import Troubles

if TYPE_CHECKING:
    from savctl.scheduling.runner import JobReport

_log = logging.getLogger("savctl.watch")


class Watch:
    """One run as others are informed of it; `report` is set when it has ended."""

    def __init__(self, app: App, job: str, troubles: Troubles) -> None:
        self.report: JobReport | None = None
        self._app = app
        self._job = job
        self._troubles = troubles

    def begin(self) -> None:
        """Report the beginning."""
        if (pings := self._app.pings) is not None:
            pings.begin(self._job, self._outcome("ping_url"))

    def end(self, exit_code: int, problem: BaseException | None) -> None:
        """Report the end; after a failure the operator's command gets the report."""
        if (pings := self._app.pings) is not None:
            pings.end(self._job, exit_code, self._outcome("ping_url"))
        if exit_code and (command := self._app.failure_command) is not None:
            self._outcome("on_failure")(command.run(self._text(exit_code, problem)))

    def _text(self, exit_code: int, problem: BaseException | None) -> str:
        report = self.report.as_json() if self.report is not None else {"job": self._job}
        status = str(self.report.status) if self.report is not None else str(RunStatus.FAILED)
        return json.dumps({**report, "status": status, "exit": exit_code, "error": _why(problem)})

    def _outcome(self, setting: str) -> Callable[[str | None], None]:
        """What is done with the outcome of a call: logged once until it is well again."""

        def settle(problem: str | None) -> None:
            by = f"{setting} {self._job}"
            if problem is None:
                self._troubles.settle(by, event="watch_recovered", log=_log)
                return
            self._troubles.report(
                f"{setting} of {self._job}",
                f"{setting} {problem}; {self._job} is not affected",
                by=by,
                event="watch_failed",
                level=logging.WARNING,
                log=_log,
                ids={"job": self._job},
            )

        return settle


@contextmanager
def watching(
    app: App, job: str, troubles: Troubles, stopped: Callable[[], int | None]
) -> Iterator[Watch]:
    """Report the beginning and the end of the run in the block.

    `stopped` answers the exit code of a run that was asked to stop; with None such a run ends
    without a report, because its slot is continued.
    """
    watch = Watch(app, job, troubles)
    watch.begin()
    try:
        yield watch
    except BaseException as problem:
        watch.end(_code_of(problem), problem)
        raise
    code = _code(watch.report, stopped)
    if code is not None:
        watch.end(code, None)


def _code(report: JobReport | None, stopped: Callable[[], int | None]) -> int | None:
    """The exit code that a report deserves; None for a run that is to be continued."""
    if report is None or report.status is RunStatus.OK:
        is_found = report is not None and report.done.findings
        return int(ExitCode.FINDINGS if is_found else ExitCode.DONE)
    return stopped() if report.status is RunStatus.INTERRUPTED else int(ExitCode.PARTLY)


def _code_of(problem: BaseException) -> int:
    if isinstance(problem, SavError):
        return int(problem.exit_code)
    return int(ExitCode.INTERRUPTED if isinstance(problem, KeyboardInterrupt) else ExitCode.BUG)


def _why(problem: BaseException | None) -> str | None:
    """The message of a failure of ours; a bug's may repeat what the database holds."""
    if problem is None:
        return None
    return problem.message if isinstance(problem, SavError) else type(problem).__name__
