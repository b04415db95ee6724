"""savctl with a caller's own streams: a fork of the server that imported it all.

`program_in` makes a program for the shells of tests: it hands its words, folder, environment and
streams over, and ends as the fork ended. A fork takes a tenth of the time of a start of Python
with all imports. It does not end as Python does: what is said of the exit itself needs a start.
"""

from __future__ import annotations

import json
import os
import shutil
import socket
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from multiprocessing.connection import wait
from multiprocessing.context import ForkServerProcess
from multiprocessing.reduction import DupFd
from pathlib import Path
from threading import Thread
from typing import Any

from tests.crash import fork_server

_CLIENT = """\
#!{python} -IS
import json, os, signal, socket, sys

umask = os.umask(0)
os.umask(umask)
asked = json.dumps([sys.argv[1:], os.getcwd(), dict(os.environ), umask]).encode()
line = socket.socket(socket.AF_UNIX)
line.connect({address!r})
socket.send_fds(line, [len(asked).to_bytes(8, "big")], [0, 1, 2])
line.sendall(asked)
answers = line.makefile()
pid = int(answers.readline())
for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
    signal.signal(number, lambda number, _: os.kill(pid, number))
code = int(answers.readline())
if code < 0:
    signal.signal(-code, signal.SIG_DFL)
    os.kill(os.getpid(), -code)
sys.exit(code)
"""


@contextmanager
def program_in(folder: Path) -> Iterator[Path]:
    """A program `savctl` in this folder, for as long as the block lasts."""
    place = Path(tempfile.mkdtemp(prefix="savctl-"))  # the path of a socket has to be short
    try:
        with socket.socket(socket.AF_UNIX) as door:
            door.bind(str(place / "door"))
            door.listen()
            Thread(target=_serve, args=(door,), daemon=True).start()
            program = folder / "savctl"
            program.write_text(_CLIENT.format(python=sys.executable, address=str(place / "door")))
            program.chmod(0o755)
            yield program
            door.shutdown(socket.SHUT_RDWR)
    finally:
        shutil.rmtree(place)


def _serve(door: socket.socket) -> None:
    with suppress(OSError):  # the block is over
        while True:
            line, _ = door.accept()
            Thread(target=_answer, args=(line,), daemon=True).start()


def _answer(line: socket.socket) -> None:
    """Run what a client asks for; tell it the process, and then the exit code."""
    with line:
        head, streams, _, _ = socket.recv_fds(line, 8, 3)
        with line.makefile("rb") as asked:
            words, cwd, environment, umask = json.loads(asked.read(int.from_bytes(head, "big")))
        process = start(words, streams, cwd=cwd, environment=environment, umask=umask)
        for stream in streams:
            os.close(stream)
        line.sendall(f"{process.pid}\n".encode())
        wait([process.sentinel])
        line.sendall(f"{fork_server.exit_code(process)}\n".encode())


def start(
    words: Sequence[str],
    streams: Sequence[int],
    *,
    cwd: str | Path,
    environment: Mapping[str, str],
    umask: int = 0o022,
) -> ForkServerProcess:
    """Start `savctl WORDS…` with copies of these open files as stdin, stdout and stderr."""
    return fork_server.child(
        _savctl, _Streams(list(streams)), tuple(words), str(cwd), dict(environment), umask
    )


def finished(
    words: Sequence[str], *, cwd: Path, environment: Mapping[str, str]
) -> subprocess.CompletedProcess[str]:
    """What `savctl WORDS…` answered with nothing on stdin."""
    with (
        open(os.devnull, "rb") as nothing,
        tempfile.TemporaryFile("w+", encoding="utf-8") as out,
        tempfile.TemporaryFile("w+", encoding="utf-8") as err,
    ):
        streams = [nothing.fileno(), out.fileno(), err.fileno()]
        process = start(words, streams, cwd=cwd, environment=environment)
        wait([process.sentinel])
        code = fork_server.exit_code(process)
        assert code is not None
        for file in (out, err):
            file.seek(0)
        return subprocess.CompletedProcess(list(words), code, out.read(), err.read())


class _Streams:
    """Open files on their way into a fork."""

    def __init__(self, numbers: list[int]) -> None:
        self._numbers = numbers

    def __reduce__(self) -> tuple[Any, ...]:
        return _received, ([DupFd(number) for number in self._numbers],)


def _received(sent: list[Any]) -> list[int]:
    return [one.detach() for one in sent]


def _opened(number: int, how: str) -> Any:
    """A standard stream as a start of Python opens it."""
    return open(number, how, buffering=1, encoding="utf-8", closefd=False)


def _savctl(
    streams: list[int],
    words: tuple[str, ...],
    cwd: str,
    environment: Mapping[str, str],
    umask: int,
) -> None:
    for number, stream in enumerate(streams):
        os.dup2(stream, number)
        os.close(stream)
    sys.stdin, sys.stdout, sys.stderr = (_opened(n, how) for n, how in enumerate("rww"))
    os.chdir(cwd)
    os.umask(umask)
    os.environ.clear()
    os.environ.update(environment)
    fork_server.run_savctl(words)
