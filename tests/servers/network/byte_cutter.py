"""A network that breaks after so many bytes went to the server, until it is mended."""

from __future__ import annotations

from asyncio import StreamWriter

from tests.servers.network.tcp_proxy import TcpProxy, Towards


class ByteCutter(TcpProxy):
    """A proxy that never breaks until `cut_after` names a number of bytes."""

    def __init__(self, server_port: int) -> None:
        super().__init__(server_port)
        self._left: int | None = None
        self.has_cut = False

    def cut_after(self, size: int) -> None:
        """Let so many bytes more through; then the server is away."""
        self._left = size

    def mend(self) -> None:
        """Let everything through again."""
        self._left = None
        self.refuse(on=False)

    async def _pass(self, piece: bytes, direction: Towards, client: StreamWriter) -> bytes:
        if direction is Towards.SERVER and self._left is not None:
            self._left -= len(piece)
            if self._left < 0:
                self.has_cut = True
                self.refuse()
        if self._refuses:
            raise ConnectionResetError
        return piece
