"""A server process under the eyes of a guard, which see."""

import io
import os
import signal
import subprocess
import sys
from collections.abc import Mapping, Sequence
from contextlib import nullcontext, suppress
from pathlib import Path

from tests.servers import guard

PATIENCE = 15.0  # seconds between SIGTERM and SIGKILL


class NotStarted(RuntimeError):
    """The program could not be run at all."""


class GuardedProcess:
    """A command that runs until it is ended, or until this process is gone.

    Args:
        command: the program and its arguments.
        folder: what belongs to the process; the guard removes it with the process.
        log: where its output goes, appended.
        environment: in place of this process's own.

    Raises:
        NotStarted: no such program, or it may not be run.
    """

    def __init__(
        self,
        command: Sequence[str],
        *,
        folder: Path,
        log: Path,
        environment: Mapping[str, str] | None = None,
    ) -> None:
        watched = [str(os.getpid()), str(folder), str(log)]
        self.pid = 0
        self._guard = subprocess.Popen(
            [sys.executable, "-I", "-S", guard.__file__, *watched, *command],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            env=environment or dict(os.environ, ICU_DATA=""),  # or an unpacked MySQL misses it
            start_new_session=True,  # Ctrl-C is for the tests; they end the server
        )
        try:
            self.pid = self._pid_from_guard(command[0])
        except BaseException:  # an interrupt, too, must leave nothing behind
            self.end()
            raise

    @property
    def is_running(self) -> bool:
        """Whether the process lives, which is not yet to say that it answers."""
        return self._guard.poll() is None

    def wait(self) -> int:
        """Wait until the process ends by itself; answer its status, 128 + n after signal n."""
        return self._guard.wait()

    def freeze(self) -> None:
        """SIGSTOP: the process keeps everything and does nothing, until thaw()."""
        self._signal(signal.SIGSTOP)

    def thaw(self) -> None:
        """SIGCONT: go on, if it was frozen."""
        self._signal(signal.SIGCONT)

    def kill(self) -> None:
        """SIGKILL, and wait until the process is gone."""
        self._signal(signal.SIGKILL)
        self._guard.wait(timeout=PATIENCE)

    def end(self) -> None:
        """SIGTERM, and SIGKILL when that does not help; wait until the process is gone."""
        self._signal(signal.SIGTERM)
        try:
            self._guard.wait(timeout=PATIENCE)
        except subprocess.TimeoutExpired:
            self.kill()

    def _pid_from_guard(self, program: str) -> int:
        with self._guard.stdout or nullcontext(io.StringIO()) as values:
            first = values.readline()
            if not first.strip().isdecimal():
                raise NotStarted(f"{program} could not be run:\n{first}{values.read()}")
        return int(first)

    def _signal(self, number: signal.Signals) -> None:
        if not self.is_running:
            return
        if not self.pid:  # interrupted before the guard could tell: a server ends with its guard
            self._guard.kill()
            return
        with suppress(ProcessLookupError):
            os.kill(self.pid, number)
