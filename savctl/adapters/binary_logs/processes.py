"""A client program that runs beside savctl: its environment, its last words, its end."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from tempfile import TemporaryFile
from typing import IO, Any

from savctl.adapters.dump_client.bound_program import bound
from savctl.adapters.dump_client.option_file import environment

_NO_HOME = Path("/nonexistent")  # no option file of a person
_WORDS_BYTES = 4096
_SECONDS = 10.0


class Client:
    """A program that was started; `words` is what it wrote about its trouble."""

    def __init__(self, process: subprocess.Popen[bytes], words: IO[bytes]) -> None:
        self.process = process
        self._words = words

    @property
    def trouble(self) -> str:
        """The last line that it wrote to standard error."""
        size = self._words.seek(0, os.SEEK_END)
        self._words.seek(max(0, size - _WORDS_BYTES))
        lines = self._words.read().decode(errors="replace").strip().splitlines()
        return lines[-1].strip() if lines else f"it ended with status {self.process.returncode}"

    def wait(self) -> int:
        """Its status, once it has ended by itself."""
        return self.process.wait()


@contextmanager
def client(
    command: Sequence[str], *, stdin: int | None = None, stdout: int | None = None
) -> Iterator[Client]:
    """Run a program; when the block or savctl ends before it does, it is ended.

    It gets nothing of the environment but where programs are: no password of another one. Times
    that it reads and writes are in UTC.
    """
    with TemporaryFile() as words:
        process = subprocess.Popen(  # noqa: S603 - a list, no shell
            bound(command),
            stdin=subprocess.DEVNULL if stdin is None else stdin,
            stdout=subprocess.DEVNULL if stdout is None else stdout,
            stderr=words,
            env=environment(_NO_HOME),
        )
        try:
            yield Client(process, words)
        finally:
            _end(process)


def _end(process: subprocess.Popen[Any]) -> None:
    for stream in (process.stdin, process.stdout):
        if stream is not None:
            with suppress(OSError):
                stream.close()
    if process.poll() is None:
        process.terminate()
        try:
            process.wait(timeout=_SECONDS)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
