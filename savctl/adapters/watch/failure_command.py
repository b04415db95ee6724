"""The operator's own command, run when a job failed: it gets the report on stdin (rules 18.7)."""

from __future__ import annotations

import os
import shlex
import signal
import subprocess
from contextlib import suppress

SECONDS = 30.0


class FailureCommand:
    """A program and its arguments; no shell looks at them."""

    def __init__(self, command: str, *, seconds: float = SECONDS) -> None:
        self._command = command
        self._seconds = seconds

    def run(self, report: str) -> str | None:
        """Run it with a report; what went wrong, or None. What it prints goes nowhere."""
        kept = {name: v for name, v in os.environ.items() if not name.startswith("SAVCTL_TOKEN")}
        try:
            process = subprocess.Popen(  # noqa: S603 - the operator's own setting, without a shell
                shlex.split(self._command),
                env=kept,
                stdin=subprocess.PIPE,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
                start_new_session=True,  # its children end with it
            )
        except (OSError, ValueError) as problem:
            return f"cannot be started: {getattr(problem, 'strerror', None) or 'no program'}"
        return self._given(process, report)

    def _given(self, process: subprocess.Popen[bytes], report: str) -> str | None:
        try:
            process.communicate(report.encode(), timeout=self._seconds)
        except subprocess.TimeoutExpired:
            with suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
            process.wait()
            return f"did not end within {self._seconds:.0f} s and was killed"
        except BrokenPipeError:
            process.wait()
        return f"ended with exit code {process.returncode}" if process.returncode else None
