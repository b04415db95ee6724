"""A network that breaks at the COMMIT of one transaction, or answers with errors.

For clients of MariaDB and MySQL whose connections are not encrypted.
"""

import asyncio
from asyncio import StreamWriter
from collections.abc import Callable
from enum import StrEnum
from threading import Event

from tests.servers.network.tcp_proxy import PATIENCE, TcpProxy, Towards, reset

_QUERY = b"\x00\x03"  # the first packet of a command, and that it is a query
_WRITES = (b"INSERT", b"UPDATE", b"DELETE", b"REPLACE")


class Loss(StrEnum):
    """What is lost of a COMMIT."""

    ANSWER = "answer"  # the server has committed
    COMMAND = "command"  # the server has rolled back
    LATE = "late"  # the client's end breaks; the server hears COMMIT once `go_on()` is called
    OPEN = "open"  # the client's end breaks; the server waits for the rest until `go_on()`
    ERROR = "error"  # the server has committed, and the client hears an error


class CommitCutter(TcpProxy):
    """Forwards, counts the commits of transactions that wrote, and breaks one of them."""

    def __init__(self, server_port: int) -> None:
        super().__init__(server_port)
        self.commits = 0
        self.was_cut = False
        self.is_looked_up = Event()
        self._wanted = 0
        self._loss = Loss.ANSWER
        self._then_refuses = False
        self._writers: set[StreamWriter] = set()  # connections whose transaction has written
        self._broken: set[StreamWriter] = set()
        self._go_on = Event()
        self._error = 0
        self._is_refused: Callable[[bytes], bool] = _nothing

    def answer_with(self, error: int, to: Callable[[bytes], bool] | None) -> None:
        """Answer queries with a server error, without the server; None answers none."""
        self._error, self._is_refused = error, to or _nothing

    def cut_at(self, number: int, loss: Loss = Loss.ANSWER, *, then_refuses: bool = False) -> None:
        """Break the commit of this number, counted from 1 from now on; 0 breaks none."""
        self.commits, self.was_cut, self._wanted = 0, False, number
        self._loss, self._then_refuses = loss, then_refuses
        self._go_on.clear()
        self.is_looked_up.clear()
        self.refuse(False)

    def go_on(self) -> None:
        """Let the server hear what was late, or that the client is gone."""
        self._go_on.set()

    async def _pass(self, piece: bytes, direction: Towards, client: StreamWriter) -> bytes:
        if direction is Towards.CLIENT:
            return self._answer(piece, client)
        if piece[3:5] != _QUERY:
            return piece
        query = piece[5:]
        if self._is_refused(query):
            client.write(_error_packet(self._error))
            return b""
        if self.was_cut and b"savctl_commits" in query:
            self.is_looked_up.set()
        if query.startswith(_WRITES):
            self._writers.add(client)
        elif query == b"ROLLBACK":
            self._writers.discard(client)
        elif query == b"COMMIT" and client in self._writers:
            self._writers.discard(client)
            await self._commit(client)
        return piece

    def _answer(self, piece: bytes, client: StreamWriter) -> bytes:
        if client not in self._broken:
            return piece
        if self._loss is Loss.ERROR:
            self._broken.discard(client)
            return _error_packet(self._error)
        raise ConnectionResetError

    async def _commit(self, client: StreamWriter) -> None:
        self.commits += 1
        if self.commits != self._wanted:
            return
        self.was_cut = True
        self.refuse(self._then_refuses)
        if self._loss is Loss.COMMAND:
            raise ConnectionResetError
        self._broken.add(client)
        if self._loss in {Loss.ANSWER, Loss.ERROR}:
            return
        await reset(client)
        await asyncio.to_thread(self._go_on.wait, PATIENCE)
        if self._loss is Loss.OPEN:
            raise ConnectionResetError


def _nothing(_: bytes) -> bool:
    return False


def _error_packet(number: int) -> bytes:
    """What a server answers to a query that failed."""
    body = b"\xff" + number.to_bytes(2, "little") + b"#HY000" + b"made up by a test"
    return len(body).to_bytes(3, "little") + b"\x01" + body
