"""A program `savctl` for the shells of tests: a fork of the server that imported it all.

The file that a shell starts hands its words, folder, environment and streams over, and ends as the
fork ended. It takes a tenth of the time of a start of Python with all imports.
"""

from __future__ import annotations

import json
import os
import shutil
import socket
import sys
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from multiprocessing.connection import wait
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
        process = fork_server.child(
            _savctl, _Streams(streams), tuple(words), cwd, environment, umask
        )
        for stream in streams:
            os.close(stream)
        line.sendall(f"{process.pid}\n".encode())
        wait([process.sentinel])
        line.sendall(f"{fork_server.exit_code(process)}\n".encode())


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
