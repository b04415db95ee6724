"""Runs the client programs: dump to a pipe, load from one; no shell, no password in view."""

from __future__ import annotations

import fcntl
import re
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from functools import cached_property
from pathlib import Path
from typing import IO, cast

from savctl.adapters.dump_client.bound_program import bound
from savctl.adapters.dump_client.option_file import environment, option_file
from savctl.adapters.dump_client.programs import dump_program, statement_client
from savctl.ports.backup_place import ByteSink, ByteSource
from savctl.ports.dump_client import ClientFailed, ServerAddress

_PIPE_BYTES = 1024**2
_WORDS = 500  # of what a program wrote to stderr
_SANDBOX = b"/*M!999999"
DUMP = (
    *("--single-transaction", "--quick", "--routines", "--triggers", "--events", "--hex-blob"),
    *("--default-character-set=utf8mb4", "--no-tablespaces", "--skip-lock-tables"),
    *("--max-allowed-packet=1G", "--net-buffer-length=1M"),
)
_FAMILY_DUMP = {"mariadb": (), "mysql": ("--set-gtid-purged=OFF", "--column-statistics=0")}
_POSITION = {"mariadb": "--master-data=2", "mysql": "--source-data=2"}
_LOAD = ("--default-character-set=utf8mb4", "--binary-mode", "--max-allowed-packet=1G", "--batch")


class ServerClient:
    """The clients of one server, found on PATH by the kind of server that answers."""

    def __init__(self, address: ServerAddress) -> None:
        self._address = address

    @cached_property
    def version(self) -> str:
        """What the dump program prints about itself."""
        program = dump_program(self._address.family)
        done = subprocess.run(  # noqa: S603 - a program of the server, found on PATH
            [program, "--no-defaults", "--version"],
            env=environment(Path("/nonexistent")),
            stdin=subprocess.DEVNULL,
            capture_output=True,
            check=False,
        )
        return _version(done.stdout.decode(errors="replace"))

    @contextmanager
    def dump(self, schema: str, *, with_position: bool) -> Iterator[ByteSource]:
        """The dump as it comes out of the program."""
        family = self._address.family
        options = [*DUMP, *_FAMILY_DUMP[family], *([_POSITION[family]] if with_position else [])]
        words = [dump_program(self._address.family), *options, "--", schema]
        with self._running(words, stdout=subprocess.PIPE) as (process, complain):
            source = cast("IO[bytes]", process.stdout)
            _widen(source)
            yield source
            while source.read(_PIPE_BYTES):  # else the program waits for a reader
                pass
            source.close()
            complain(process.wait())

    @contextmanager
    def load(self, schema: str) -> Iterator[ByteSink]:
        """Takes SQL text; the first statement that fails ends it."""
        words = [statement_client(self._address.family), *_LOAD, "--", schema]
        with self._running(words, stdin=subprocess.PIPE) as (process, complain):
            sink = cast("IO[bytes]", process.stdin)
            _widen(sink)
            try:
                yield _Statements(sink, keeps_sandbox="mariadb" in words[0])
                sink.close()
            except BrokenPipeError:  # the program ended; why, it wrote
                complain(process.wait() or 1)
            complain(process.wait())

    @contextmanager
    def _running(
        self, words: list[str], *, stdin: int | None = None, stdout: int | None = None
    ) -> Iterator[tuple[subprocess.Popen[bytes], _Complain]]:
        name = Path(words[0]).name
        with option_file(self._address) as file, tempfile.TemporaryFile() as stderr:
            # the option file must be the first option: the program ignores it elsewhere
            words = [words[0], f"--defaults-extra-file={file}", *words[1:]]
            process = subprocess.Popen(  # noqa: S603 - a program of the server, found on PATH
                bound(words),
                env=environment(file.parent),
                stdin=subprocess.DEVNULL if stdin is None else stdin,
                stdout=subprocess.DEVNULL if stdout is None else stdout,
                stderr=stderr,
                bufsize=0,
            )
            try:
                yield process, _Complain(name, stderr)
            finally:
                if process.poll() is None:
                    process.kill()
                    process.wait()
                for pipe in (process.stdin, process.stdout):
                    with suppress(OSError):
                        if pipe is not None:
                            pipe.close()


class _Complain:
    """Turns how a program ended into an error."""

    def __init__(self, name: str, stderr: IO[bytes]) -> None:
        self._name = name
        self._stderr = stderr

    def __call__(self, code: int) -> None:
        if code == 0:
            return
        self._stderr.seek(0)
        lines = self._stderr.read(64 * 1024).decode(errors="replace").strip().splitlines()
        words = "; ".join(line.strip() for line in lines[-3:])[-_WORDS:]
        how = f"was ended by signal {-code}" if code < 0 else f"ended with exit code {code}"
        raise ClientFailed(
            f"{self._name} {how}" + (f": {words}" if words else ""),
            hint="Nothing of it counts. Run 'savctl doctor', then try again.",
        )


class _Statements:
    """Leaves out MariaDB's first line where another client would stumble over it."""

    def __init__(self, sink: IO[bytes], *, keeps_sandbox: bool) -> None:
        self._sink = sink
        self._is_first = not keeps_sandbox

    def write(self, data: bytes, /) -> None:
        """Pass on all of it: a pipe may take a part."""
        if self._is_first and data.startswith(_SANDBOX):
            data = data[data.find(b"\n") + 1 :]
        self._is_first = False
        rest = memoryview(data)
        while rest:
            rest = rest[self._sink.write(rest) :]


def _widen(pipe: IO[bytes]) -> None:
    """A larger pipe: the program works on while we compress or write."""
    with suppress(OSError, AttributeError):
        fcntl.fcntl(pipe.fileno(), fcntl.F_SETPIPE_SZ, _PIPE_BYTES)


def _version(text: str) -> str:
    found = re.search(r"(Distrib|Ver) +[\w.-]+.*", text)
    return (found[0] if found else text.strip())[:200].rstrip()
