"""What every private server has in common: a folder, a port and a process of its own."""

import atexit
import os
import shutil
import tempfile
import time
from abc import ABC, abstractmethod
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import ClassVar, Self

from tests.servers.process import GuardedProcess

READY_WITHIN = 90.0  # seconds; recovery on a busy machine takes longer than a usual start
PORTS_TRIED = 3
MEMORY = Path("/dev/shm")  # noqa: S108 - the folders made in it have random names
MEMORY_BYTES = 4 * 1024**3


def memory_folder() -> Path | None:
    """A folder in memory with room for a few servers; None: use the disk."""
    if not os.access(MEMORY, os.W_OK) or os.environ.get("TMPDIR"):
        return None
    return MEMORY if shutil.disk_usage(MEMORY).free > MEMORY_BYTES else None


class ServerFailed(RuntimeError):
    """The server did not start; the message holds the end of its log."""


class PrivateProgram(ABC):
    """A server with nothing shared with an installed instance; `with` starts and stops it.

    Data, port and URL stay the same over crash(), start() and restart(). The server ends with
    stop(), at the end of the interpreter, and, through its guard, when the test run is killed.

    Args:
        name: program and version, for messages.
    """

    PORT_TAKEN: ClassVar[tuple[str, ...]] = ("Address already in use",)

    def __init__(self, name: str) -> None:
        self.name = name
        self._folder: Path | None = None
        self._port: int | None = None
        self._process: GuardedProcess | None = None
        self._owner = os.getpid()

    @abstractmethod
    def _furnish(self) -> None:
        """Fill the new, empty folder."""

    @abstractmethod
    def _choose_ports(self) -> int:
        """Find free ports for what is not running yet; answer the one of the protocol."""

    @abstractmethod
    def _launch(self) -> GuardedProcess:
        """Start the server process on its folder and port."""

    @abstractmethod
    def _answers(self) -> bool:
        """Whether this very server answers, not another one that came to the port first."""

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.stop()

    @property
    def is_running(self) -> bool:
        """Whether the server process lives."""
        return self._process is not None and self._process.is_running

    @property
    def pid(self) -> int:
        """The process id of the server itself; it changes with every start."""
        if self._process is None:
            raise RuntimeError("the server is not running: it has no process id")
        return self._process.pid

    @property
    def port(self) -> int:
        """The loopback port, chosen at the first start and kept until stop()."""
        if self._port is None:
            raise RuntimeError("the server was not started: it has no port")
        return self._port

    @property
    def folder(self) -> Path:
        """Everything the server writes; `log` in it is what it said. Gone after stop()."""
        if self._folder is None:
            raise RuntimeError("the server was not started: it has no folder")
        return self._folder

    def start(self) -> Self:
        """Start the server and wait until it answers; after a crash() on the data left behind.

        Raises:
            ServerFailed: it ended, or did not answer in time.
            RuntimeError: it is running already.
        """
        if self.is_running:
            raise RuntimeError("the server is running already")
        if self._folder is None:
            self._start_anew()
        else:
            self._run()
        return self

    def stop(self) -> None:
        """End the server, politely first, and remove its folder. Calling it again does no harm."""
        self._halt()
        if self._folder is not None:
            shutil.rmtree(self._folder, ignore_errors=True)
        self._folder = self._port = None
        atexit.unregister(self._stop_at_exit)

    def crash(self) -> None:
        """Kill the server with SIGKILL and wait until it is gone; its data stays."""
        if self._process is not None:
            self._process.kill()
            self._process = None

    def restart(self) -> None:
        """End the server politely if it runs, and start it on the same data and port."""
        self._halt()
        self.start()

    def freeze(self) -> None:
        """Stop the server in its tracks: its connections stay open, and nobody answers."""
        if self._process is not None:
            self._process.freeze()

    def thaw(self) -> None:
        """Let a frozen server go on; no harm to another."""
        if self._process is not None:
            self._process.thaw()

    def _place(self) -> Path | None:
        """Where the folder goes: memory, where tables are made four times as fast as on a disk."""
        return memory_folder()

    def _start_anew(self) -> None:
        prefix = f"savctl-{self.name.split()[0]}-"
        self._folder = Path(tempfile.mkdtemp(prefix=prefix, dir=self._place()))
        atexit.register(self._stop_at_exit)
        try:
            self._furnish()
            self._run_on_a_free_port()
        except BaseException:
            self.stop()
            raise

    def _run_on_a_free_port(self) -> None:
        """Between finding a port free and taking it, somebody else may come first."""
        for tried in range(1, PORTS_TRIED + 1):
            self._port = self._choose_ports()
            try:
                self._run()
            except ServerFailed as failure:
                taken = any(sign in str(failure) for sign in self.PORT_TAKEN)
                if tried == PORTS_TRIED or not taken:
                    raise
            else:
                return

    def _run(self) -> None:
        self._process = self._launch()
        try:
            self._wait_until_ready()
        except BaseException:
            self._halt()
            raise

    def _wait_until_ready(self) -> None:
        give_up = time.monotonic() + READY_WITHIN
        while not self._answers():
            if not self.is_running:
                raise ServerFailed(f"{self._described()} ended while starting:\n{self._log_end()}")
            if time.monotonic() > give_up:
                raise ServerFailed(f"{self._described()} does not answer:\n{self._log_end()}")
            time.sleep(0.02)

    def _halt(self) -> None:
        if self._process is not None:
            self._process.thaw()
            self._process.end()
            self._process = None

    def _stop_at_exit(self) -> None:
        if os.getpid() == self._owner:  # a forked child that exits is not the owner's end
            self.stop()

    def _described(self) -> str:
        return f"{self.name} on port {self._port}"

    def _log_end(self) -> str:
        with suppress(OSError):
            return (self.folder / "log").read_text(errors="replace")[-3000:]
        return "(no log)"
