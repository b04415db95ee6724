"""The processes of the day: schedulers that are started again, and commands that may be killed."""

from __future__ import annotations

import random
import signal
from contextlib import suppress
from threading import Lock, Thread

from tests.chaos.site import Site
from tests.crash.fork_server import Process, savctl

HOSTS = ("host-a", "host-b")
_STOP_WITHIN = 90.0  # seconds


class Crew:
    """Two schedulers under a supervisor, and the commands that run now.

    `codes` are the exit codes of the schedulers; `complaints` what no process should say.
    """

    def __init__(self, site: Site) -> None:
        self.site = site
        self.codes: list[int] = []
        self.complaints: list[str] = []
        self._lock = Lock()
        self._over = False
        self._schedulers: dict[str, Process] = {}
        self._commands: set[Process] = set()
        self._supervisors = [Thread(target=self._supervise, args=(host,)) for host in HOSTS]

    def start(self) -> None:
        """Start the schedulers."""
        for supervisor in self._supervisors:
            supervisor.start()

    def run(self, *words: str) -> tuple[int, str, str]:
        """Run a command that may be killed; its exit code, stdout and stderr."""
        process = savctl(self.site.environment, *words)
        with self._lock:
            self._commands.add(process)
        code = process.wait(300)
        with self._lock:
            self._commands.discard(process)
        out, err = process.communicate()
        self._listen(words, code, err)
        return code, out, err

    def scheduler(self, chance: random.Random) -> Process | None:
        """One of the schedulers that live."""
        with self._lock:
            living = [self._schedulers[host] for host in sorted(self._schedulers)]
        return chance.choice(living) if living else None

    def command(self, chance: random.Random) -> Process | None:
        """One of the commands that run."""
        with self._lock:
            running = list(self._commands)
        return chance.choice(running) if running else None

    def stop(self) -> None:
        """End the schedulers as an operator does."""
        self._over = True
        with self._lock:
            living = list(self._schedulers.values())
        for process in living:
            process.send_signal(signal.SIGCONT)
            process.send_signal(signal.SIGTERM)
        for supervisor in self._supervisors:
            supervisor.join(_STOP_WITHIN)
            if supervisor.is_alive():
                self.complaints.append("a scheduler did not end after SIGTERM")
        for process in living:
            with suppress(OSError):
                process.kill()

    def _supervise(self, host: str) -> None:
        while not self._over:
            process = savctl(self.site.environment, "scheduler", "run")
            with self._lock:
                self._schedulers[host] = process
            code = process.wait()
            with self._lock:
                self._schedulers.pop(host)
            self.codes.append(code)
            self._listen(("scheduler", "run"), code, process.communicate()[1])

    def _listen(self, words: tuple[str, ...], code: int, err: str) -> None:
        is_bug = code in {1, 2} or "Traceback" in err
        if is_bug:
            self.complaints.append(f"{' '.join(words)} ended with {code}:\n{err[-3000:]}")
