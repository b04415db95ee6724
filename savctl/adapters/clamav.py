"""clamd over INSTREAM: the one home of its protocol (rules 7.1).

`zINSTREAM\\0`, then pieces of `<length, 4 bytes big endian><bytes>`, a length of 0, and an answer
up to NUL. Only `OK` is clean and only `FOUND` is a finding; whatever else comes, or does not
come, is no verdict.
"""

from __future__ import annotations

import socket
import struct
import time
from contextlib import suppress
from datetime import timedelta
from typing import BinaryIO
from urllib.parse import urlsplit

from savctl.ports import ScannerUnavailable, ScanResult

PIECE = 65_536
_PORT = 3310
_LONGEST_ANSWER = 4_096
_LONGEST_NAME = 200


class ClamdScanner:
    """A clamd, found by `tcp://host:port` or `unix:///socket`; `timeout` is for a whole file."""

    def __init__(self, url: str, *, timeout: timedelta) -> None:
        self.name = url
        self._place = urlsplit(url)
        self._seconds = timeout.total_seconds()

    def scan(self, content: BinaryIO) -> ScanResult:
        """Send content from where it stands to its end, and return what clamd reports.

        Raises:
            ScannerGone: no verdict, for whatever reason; never taken for clean.
        """
        return _verdict(self._asked(b"zINSTREAM\0", content), self.name)

    def check(self) -> str:
        """clamd's version and the date of its signatures.

        Raises:
            ScannerGone: it does not answer.
        """
        return self._asked(b"zVERSION\0", None)

    def _asked(self, command: bytes, content: BinaryIO | None) -> str:
        deadline = time.monotonic() + self._seconds
        try:
            with self._connected(deadline) as line:
                # over its limit clamd answers and closes while we still send
                with suppress(BrokenPipeError, ConnectionResetError):
                    _send(line, command, deadline)
                    if content is not None:
                        _stream(line, content, deadline)
                return _answer(line, deadline)
        except TimeoutError:
            raise ScannerUnavailable(
                f"the scanner {self.name} gave no verdict within {self._seconds:g} s",
                hint="Try again; the limit is the setting scanner_timeout.",
            ) from None
        except OSError as problem:
            raise ScannerUnavailable(
                f"the scanner {self.name} does not answer: {problem.strerror or problem}",
                hint="Is clamd running? Try again; no file is accepted unscanned.",
            ) from problem

    def _connected(self, deadline: float) -> socket.socket:
        if self._place.scheme == "unix":
            line = socket.socket(socket.AF_UNIX)
            try:
                line.settimeout(_left(deadline))
                line.connect(self._place.path)
            except BaseException:
                line.close()
                raise
            return line
        host, port = self._place.hostname or "", self._place.port or _PORT
        return socket.create_connection((host, port), timeout=_left(deadline))


def _stream(line: socket.socket, content: BinaryIO, deadline: float) -> None:
    while piece := content.read(PIECE):
        _send(line, struct.pack("!I", len(piece)) + piece, deadline)
    _send(line, struct.pack("!I", 0), deadline)


def _send(line: socket.socket, data: bytes, deadline: float) -> None:
    line.settimeout(_left(deadline))
    line.sendall(data)


def _answer(line: socket.socket, deadline: float) -> str:
    reply = b""
    while not reply.endswith(b"\0"):
        line.settimeout(_left(deadline))
        piece = line.recv(_LONGEST_ANSWER)
        if not piece or len(reply) > _LONGEST_ANSWER:
            raise ConnectionError("it closed the connection without a verdict")
        reply += piece
    return reply.rstrip(b"\0").decode("utf-8", "replace").strip()


def _left(deadline: float) -> float:
    left = deadline - time.monotonic()
    if left <= 0:
        raise TimeoutError
    return left


def _verdict(reply: str, name: str) -> ScanResult:
    result = reply.removeprefix("stream: ")
    if result == "OK":
        return ScanResult(None)
    if result.endswith(" FOUND") and result.isprintable():
        return ScanResult(result.removesuffix(" FOUND")[:_LONGEST_NAME] or "unnamed")
    hint = "Raise clamd's StreamMaxLength to 25M." if "size limit" in result else None
    raise ScannerUnavailable(
        f"the scanner {name} gave no verdict: {result[:_LONGEST_NAME]}", hint=hint
    )
