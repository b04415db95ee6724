"""savctl in processes of their own that are there at once: forks of one that imported it all.

To start Python and import savctl takes most of a second of a core; a fork takes milliseconds. Such
a process is killed, stopped and waited for like any other.
"""

from __future__ import annotations

import multiprocessing
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import weakref
from collections.abc import Callable, Mapping
from concurrent.futures import ProcessPoolExecutor
from contextlib import suppress
from functools import partial
from multiprocessing.connection import wait as wait_for_any
from multiprocessing.context import ForkServerProcess
from pathlib import Path
from threading import Lock
from types import TracebackType
from typing import Self

from tests.crash import job_at

_IMPORTED = (
    *("savctl.cli.main", "savctl.cli.root", "savctl.cli.job.commands", "savctl.cli.job.running"),
    *("savctl.cli.attachment", "savctl.cli.event", "savctl.cli.ticket", "savctl.cli.archive"),
    *(
        "savctl.adapters.s3.store",
        "savctl.adapters.directory.store",
        "savctl.adapters.rabbitmq.broker",
    ),
    *("savctl.persistence.schema.versions", "savctl.usecases.files.attaching"),
    *("jobs.event_relay", "jobs.attachment_purge", "jobs.orphan_cleanup", "jobs.archive"),
    *("tests.crash.job_at", "tests.crash.warm", __name__),
)
_context = multiprocessing.get_context("forkserver")
_context.set_forkserver_preload(list(_IMPORTED))
# A start also asks every other process whether it has ended, and the answer can be read only once:
# of two threads that read it at a time, one would be told 255.
_one_at_a_time = Lock()


def child(work: Callable[..., object], *given: object) -> ForkServerProcess:
    """Call a function in a fork."""
    process = _context.Process(target=work, args=given)
    with _one_at_a_time:
        process.start()
    return process


def pool(processes: int) -> ProcessPoolExecutor:
    """So many forks that call functions, and answer."""
    return ProcessPoolExecutor(processes, mp_context=_context)


def exit_code(process: ForkServerProcess) -> int | None:
    """How a fork ended, negative for a signal; None while it lives."""
    with _one_at_a_time:
        return process.exitcode


class Process:
    """One such process, with the methods of `subprocess.Popen` that tests use.

    What it prints goes to files, so that it never waits for a reader.
    """

    def __init__(self, work: Callable[[], object], environment: Mapping[str, str]) -> None:
        folder = Path(tempfile.mkdtemp(prefix="savctl-process-"))
        weakref.finalize(self, shutil.rmtree, folder, ignore_errors=True)
        self._out, self._err = folder / "out", folder / "err"
        self._process = child(_run, work, dict(environment), str(self._out), str(self._err))

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.kill()
        self.wait()

    @property
    def returncode(self) -> int | None:
        """The exit code, negative for a signal; None while it lives."""
        return exit_code(self._process)

    @property
    def pid(self) -> int:
        """Its process id."""
        return int(self._process.pid or 0)

    def poll(self) -> int | None:
        """The same as `returncode`."""
        return self.returncode

    def is_alive(self) -> bool:
        """Whether it has not ended yet."""
        return self.returncode is None

    def send_signal(self, number: int) -> None:
        """Send a signal; one that has ended gets none."""
        if self.is_alive():
            with suppress(ProcessLookupError):  # it ended in between
                os.kill(self.pid, number)

    def kill(self) -> None:
        """Send SIGKILL."""
        self.send_signal(signal.SIGKILL)

    def wait(self, timeout: float | None = None) -> int:
        """Wait for its end and answer the exit code.

        Raises:
            subprocess.TimeoutExpired: it still lives after so many seconds.
        """
        wait_for_any([self._process.sentinel], timeout)
        code = self.returncode
        if code is None:
            raise subprocess.TimeoutExpired(self._process.name, timeout or 0)
        return code

    def stderr_lines(self) -> list[str]:
        """The whole lines that it printed to stderr so far."""
        return _text(self._err).rpartition("\n")[0].splitlines()

    def communicate(self, timeout: float | None = None) -> tuple[str, str]:
        """Wait for its end and answer what it printed to stdout and to stderr."""
        self.wait(timeout)
        return _text(self._out), _text(self._err)


def savctl(environment: Mapping[str, str], *words: str) -> Process:
    """Start `savctl WORDS…` with this environment and no other."""
    return Process(partial(run_savctl, words), environment)


def job(environment: Mapping[str, str], name: str, moment: str) -> Process:
    """Start a job at a moment of the test's choice; see `job_at`."""
    return Process(partial(_job, name, moment), environment)


def run_savctl(words: tuple[str, ...]) -> None:
    """Be `savctl WORDS…`, in a fork."""
    from savctl.cli.main import main

    sys.argv = ["savctl", *words]
    main()


def _job(name: str, moment: str) -> None:
    sys.exit(job_at.main(name, moment))


def _run(work: Callable[[], object], environment: dict[str, str], out: str, err: str) -> None:
    for name, number in ((out, 1), (err, 2)):
        target = os.open(name, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
        os.dup2(target, number)
        os.close(target)
    os.environ.clear()
    os.environ.update(environment)
    work()


def _text(path: Path) -> str:
    """What is in the file; one that was killed early may not have made it."""
    return path.read_text(encoding="utf-8", errors="replace") if path.exists() else ""
