"""Logs as a server sends them to a replica, through its own client (rules 17.2).

The client writes a log only into a file of the log's name: a pipe stands there, so that nothing
is stored on the way and a slow place makes the server wait.
"""

from __future__ import annotations

import os
import select
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from savctl.adapters.binary_logs.processes import Client, client
from savctl.adapters.dump_client.option_file import option_file
from savctl.adapters.dump_client.programs import log_reader
from savctl.ports.binary_logs import LogUnavailable, NotReplicating
from savctl.ports.dump_client import ServerAddress

_PIECE_BYTES = 256 * 1024
_LOOK_EVERY_MS = 100
_DENIED = ("Access denied", "REPLICATION SLAVE")


class ServerLogs:
    """The logs of a server.

    Args:
        address: answers where it is, of which family, and as whom it is asked.
        grant: answers the statement that lets the user read logs, for messages.
    """

    def __init__(self, address: Callable[[], ServerAddress], *, grant: Callable[[], str]) -> None:
        self._address = address
        self._grant = grant

    @contextmanager
    def read(self, log: str) -> Iterator[Iterator[bytes]]:
        """A log from its beginning to its present end."""
        address = self._address()
        reader = log_reader(address.family)
        with option_file(address) as options:
            pipe = options.parent / log
            os.mkfifo(pipe, 0o600)
            command = [
                *(reader, f"--defaults-file={options}", "--read-from-remote-server", "--raw"),
                *(f"--result-file={options.parent}/", log),
            ]
            with client(command) as running:
                yield self._pieces(running, pipe, log)

    def _pieces(self, running: Client, pipe: Path, log: str) -> Iterator[bytes]:
        yield from _read(pipe, running)
        if running.wait() != 0:
            raise self._failure(running.trouble, log)

    def _failure(self, trouble: str, log: str) -> LogUnavailable | NotReplicating:
        if any(sign in trouble for sign in _DENIED):
            return NotReplicating(
                "the database user may not read binary logs",
                hint=f"Let an administrator run: {self._grant()}",
            )
        return LogUnavailable(f"the server broke off while {log} was read: {trouble}")


def _read(pipe: Path, running: Client) -> Iterator[bytes]:
    """What a writer puts into the pipe; nothing when it ends before it opens it."""
    number = os.open(pipe, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    try:
        poll = select.poll()
        poll.register(number, select.POLLIN)
        while True:
            found = poll.poll(_LOOK_EVERY_MS)
            has_ended = running.process.poll() is not None
            if not found and not has_ended:
                continue
            try:
                piece = os.read(number, _PIECE_BYTES)
            except BlockingIOError:
                continue
            if piece:
                yield piece
            elif found or has_ended:
                return
    finally:
        os.close(number)
