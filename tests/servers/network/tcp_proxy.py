"""A network between a client and a server on this machine, which can fail as networks do."""

import asyncio
import socket
import struct
import threading
from asyncio import StreamReader, StreamWriter
from collections.abc import Coroutine
from contextlib import suppress
from enum import StrEnum
from types import TracebackType
from typing import Self
from urllib.parse import urlsplit, urlunsplit
from weakref import WeakSet

from tests.servers.ports import LOOPBACK

CHUNK = 65_536
PATIENCE = 10.0  # seconds
RESET_ON_CLOSE = struct.pack("ii", 1, 0)  # SO_LINGER: on, for no time


class Towards(StrEnum):
    """The two directions of a connection."""

    SERVER = "server"
    CLIENT = "client"


class TcpProxy:
    """Forwards connections to a loopback port; `with TcpProxy(port) as proxy:` runs it.

    It works in a thread of its own. What is set holds for present and future connections alike.
    No byte is ever lost between two that arrive: TCP would not do that either.

    Args:
        server_port: where the server listens on loopback.
    """

    def __init__(self, server_port: int) -> None:
        self.port = 0
        self._server_port = server_port
        self._refuses = False
        self._delay = dict.fromkeys(Towards, 0.0)
        self._flows = {direction: asyncio.Event() for direction in Towards}
        self._links: set[asyncio.Task[None]] = set()
        self._ends: WeakSet[StreamWriter] = WeakSet()
        self._listener: asyncio.Server | None = None
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="proxy", daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        self._do(self._listen())
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._do(self._end())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(PATIENCE)
        self._loop.close()

    @property
    def connections(self) -> int:
        """How many connections there are."""
        return len(self._links)

    def through(self, url: str) -> str:
        """The same URL, by way of this proxy."""
        parts = urlsplit(url)
        who = parts.netloc.rpartition("@")[0]
        return urlunsplit(parts._replace(netloc=f"{who}@{LOOPBACK}:{self.port}"))

    def cut(self) -> None:
        """Reset every connection, at both ends; what was held is lost."""
        self._do(self._cut())

    def refuse(self, on: bool = True) -> None:
        """Reset new connections at once, or (False) let them through again."""
        self._refuses = on

    def hold(self, *directions: Towards) -> None:
        """Forward nothing more in these directions, or in both; connections stay open.

        Towards.CLIENT: the server hears everything, and its answers never arrive.
        """
        self._do(self._let_flow(False, directions or tuple(Towards)))

    def release(self) -> None:
        """Forward again, what was held first."""
        self._do(self._let_flow(True, tuple(Towards)))

    def delay(self, seconds: float, *directions: Towards) -> None:
        """Let everything in these directions, or in both, wait this long; 0 ends it."""
        self._delay |= dict.fromkeys(directions or tuple(Towards), seconds)

    def _do(self, work: Coroutine[None, None, None]) -> None:
        asyncio.run_coroutine_threadsafe(work, self._loop).result(PATIENCE)

    async def _listen(self) -> None:
        await self._let_flow(True, tuple(Towards))
        self._listener = await asyncio.start_server(self._connect, LOOPBACK, 0)
        self.port = self._listener.sockets[0].getsockname()[1]

    async def _end(self) -> None:
        if self._listener is not None:
            self._listener.close()
        self._refuses = True  # one that was accepted just now ends itself
        while others := asyncio.all_tasks() - {asyncio.current_task()}:
            await self._cut()
            await asyncio.wait(others, timeout=0.01)
        for end in list(self._ends):  # of links that were cancelled while they closed their ends
            end.transport.abort()
        for _ in range(3):  # a transport is closed by the loop, some turns later
            await asyncio.sleep(0)

    async def _cut(self) -> None:
        links = list(self._links)
        for link in links:
            link.cancel()
        await asyncio.gather(*links, return_exceptions=True)

    async def _let_flow(self, on: bool, directions: tuple[Towards, ...]) -> None:
        for direction in directions:
            if on:
                self._flows[direction].set()
            else:
                self._flows[direction].clear()

    async def _connect(self, reader: StreamReader, writer: StreamWriter) -> None:
        """One connection, from its beginning to its end."""
        self._ends.add(writer)
        task = asyncio.current_task()
        if self._refuses or task is None:
            await reset(writer)
            return
        self._links.add(task)
        ends = [writer]
        try:
            server_reader, server_writer = await asyncio.open_connection(
                LOOPBACK, self._server_port
            )
            ends.append(server_writer)
            self._ends.add(server_writer)
            async with asyncio.TaskGroup() as both:
                both.create_task(self._forward(reader, server_writer, Towards.SERVER, writer))
                both.create_task(self._forward(server_reader, writer, Towards.CLIENT, writer))
            for end in ends:  # what is still in a buffer arrives
                end.close()
                await end.wait_closed()
        except (OSError, ExceptionGroup, asyncio.CancelledError):
            pass  # the server is not there; an end was lost; cut()
        finally:
            for end in ends:
                await reset(end)
            self._links.discard(task)

    async def _pass(self, piece: bytes, direction: Towards, client: StreamWriter) -> bytes:
        """What is forwarded in the place of a piece; an OSError breaks the connection instead."""
        return piece

    async def _forward(
        self,
        source: StreamReader,
        sink: StreamWriter,
        direction: Towards,
        client: StreamWriter,
    ) -> None:
        while True:
            piece = await source.read(CHUNK)
            if self._delay[direction]:
                await asyncio.sleep(self._delay[direction])
            await self._flows[direction].wait()
            if not piece:
                sink.write_eof()
                return
            sink.write(await self._pass(piece, direction, client))
            await sink.drain()


async def reset(end: StreamWriter) -> None:
    """Break the connection: what is under way is lost, the other end sees a reset."""
    with suppress(OSError):
        end.get_extra_info("socket").setsockopt(
            socket.SOL_SOCKET, socket.SO_LINGER, RESET_ON_CLOSE
        )
    end.transport.abort()
    with suppress(OSError):
        await end.wait_closed()
