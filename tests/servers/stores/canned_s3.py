"""An HTTP server that answers what real S3 servers answer too seldom to wait for it."""

from __future__ import annotations

import base64
import hashlib
import re
import ssl
import threading
import time
from collections.abc import Callable
from datetime import timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Self

from tests.servers.certificates import Certificates
from tests.servers.ports import LOOPBACK

Answer = tuple[int, str]
Answering = Callable[["Heard"], Answer]


class Heard:
    """A request: what was asked, and whether its Content-MD5 is that of its body."""

    def __init__(self, method: str, path: str, body: bytes, md5: str | None) -> None:
        self.method, self.path, self.body = method, path, body
        digest = hashlib.md5(body, usedforsecurity=False).digest()
        self.has_md5 = md5 == base64.b64encode(digest).decode()

    @property
    def keys(self) -> list[str]:
        """The keys of a DeleteObjects request."""
        return re.findall(r"<Key>(.*?)</Key>", self.body.decode())


class _Server(ThreadingHTTPServer):
    def handle_error(self, *_: object) -> None:
        """A client that goes away is what some tests are about."""


class CannedS3:
    """Answers each request with what `answering` makes of it; `with` runs it.

    Args:
        skew: how far its clock is ahead.
        certificates: speak TLS, with the server's certificate of these.
    """

    def __init__(
        self,
        answering: Answering,
        *,
        skew: timedelta = timedelta(),
        certificates: Certificates | None = None,
    ) -> None:
        self.heard: list[Heard] = []
        self._skew_seconds = skew.total_seconds()
        self._server = _Server((LOOPBACK, 0), self._handler(answering))
        self._scheme = "http"
        if certificates is not None:
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(*certificates.server)
            self._server.socket = context.wrap_socket(self._server.socket, server_side=True)
            self._scheme = "https"
        self._thread = threading.Thread(
            target=self._server.serve_forever, args=(0.02,), daemon=True
        )

    @property
    def url(self) -> str:
        """The address."""
        return f"{self._scheme}://{LOOPBACK}:{self._server.server_address[1]}"

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    def _handler(self, answering: Answering) -> type[BaseHTTPRequestHandler]:
        heard, skew_seconds = self.heard, self._skew_seconds

        class Handler(BaseHTTPRequestHandler):
            def handle_any(self) -> None:
                body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
                md5 = self.headers.get("Content-MD5")
                heard.append(Heard(self.command, self.path, body, md5))
                status, text = answering(heard[-1])
                self.send_response(status)
                self.send_header("Content-Length", str(len(text.encode())))
                self.end_headers()
                if self.command != "HEAD":
                    self.wfile.write(text.encode())

            do_GET = do_HEAD = do_POST = do_PUT = do_DELETE = handle_any  # noqa: N815

            def date_time_string(self, timestamp: float | None = None) -> str:
                """The Date header."""
                return super().date_time_string((timestamp or time.time()) + skew_seconds)

            def log_message(self, *_: object) -> None:
                """Say nothing."""

        return Handler
