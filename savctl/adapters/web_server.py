"""A small HTTP server for a few addresses that answer GET, each request in a thread of its own.

At most `AT_ONCE` requests are answered at a time; one more is answered 503 at once, so that
nothing piles up. It reads no body and no query, and logs no request.
"""

from __future__ import annotations

import socket
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import BoundedSemaphore, Thread
from typing import Any

from savctl.errors import InvalidInput

AT_ONCE = 64
LOOPBACK = "127.0.0.1"
TEXT = "text/plain; charset=utf-8"
_CLIENT_SECONDS = 5  # a client that sends or reads nothing for so long is dropped
_BUSY = b"HTTP/1.1 503 Service Unavailable\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"


@dataclass(frozen=True, slots=True, kw_only=True)
class WebAnswer:
    """What is sent back; `headers` are those besides the ones of every answer."""

    body: str
    status: HTTPStatus = HTTPStatus.OK
    content_type: str = TEXT
    headers: Mapping[str, str] = field(default_factory=dict)


Route = Callable[[], WebAnswer]


def parse_address(text: str) -> tuple[str, int]:
    """`HOST:PORT`, `[IPv6]:PORT`; without a host it is loopback.

    Raises:
        InvalidInput: it is not an address.
    """
    host, colon, port = text.strip().rpartition(":")
    host = host.removeprefix("[").removesuffix("]") or LOOPBACK
    if not colon or not port.isascii() or not port.isdecimal() or int(port) > 65535:
        raise InvalidInput(
            f"{text!r} is not an address to listen on",
            hint="Write HOST:PORT, such as 127.0.0.1:9464, or :9464 for this host only.",
        )
    return host, int(port)


class WebServer:
    """Answers the routes until it is closed."""

    def __init__(self, address: tuple[str, int], routes: Mapping[str, Route]) -> None:
        """Listen.

        Raises:
            InvalidInput: the port is taken, or the host is not this one.
        """
        host, port = address
        family = socket.AF_INET6 if ":" in host else socket.AF_INET
        shown = f"[{host}]:{port}" if family is socket.AF_INET6 else f"{host}:{port}"
        try:
            self._server = _server(family, address, routes)
        except (OSError, OverflowError) as problem:
            why = getattr(problem, "strerror", None) or str(problem)
            raise InvalidInput(
                f"cannot listen on {shown}: {why}", hint="Choose another address for --metrics."
            ) from problem
        self._thread = Thread(
            target=self._server.serve_forever,
            kwargs={"poll_interval": 0.2},
            name="web",
            daemon=True,
        )

    @property
    def address(self) -> tuple[str, int]:
        """Where it listens; the port that was given, or the one that was free for 0."""
        host, port = self._server.server_address[:2]
        return str(host), int(port)

    def start(self) -> None:
        """Answer from now on."""
        self._thread.start()

    def close(self) -> None:
        """Answer nothing more."""
        if self._thread.is_alive():
            self._server.shutdown()
        self._server.server_close()


def _server(
    family: socket.AddressFamily, address: tuple[str, int], routes: Mapping[str, Route]
) -> ThreadingHTTPServer:
    class Handler(_Handler):
        answers = routes

    class Server(_Server):
        address_family = family

    return Server(address, Handler)


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    block_on_close = False
    request_queue_size = 128
    # another process's port must not be shared, one that was just closed may be used again
    allow_reuse_address = True

    def __init__(self, *given: Any) -> None:
        super().__init__(*given)
        self._free = BoundedSemaphore(AT_ONCE)

    def server_bind(self) -> None:
        """Bind; the name of the host is not looked up, which may take long."""
        socket_server_bind(self)

    def process_request(self, request: Any, client_address: Any) -> None:
        if not self._free.acquire(blocking=False):
            with suppress(OSError):
                request.sendall(_BUSY)
            self.shutdown_request(request)
            return
        super().process_request(request, client_address)

    def process_request_thread(self, request: Any, client_address: Any) -> None:
        try:
            super().process_request_thread(request, client_address)
        finally:
            self._free.release()

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A client that went away is nobody's trouble."""


def socket_server_bind(server: ThreadingHTTPServer) -> None:
    """What `HTTPServer.server_bind` does, without `getfqdn`."""
    import socketserver

    socketserver.TCPServer.server_bind(server)
    server.server_name, server.server_port = server.server_address[:2]  # type: ignore[assignment]


class _Handler(BaseHTTPRequestHandler):
    answers: Mapping[str, Route] = {}
    timeout = _CLIENT_SECONDS
    server_version = "savctl"
    sys_version = ""

    def do_GET(self) -> None:
        """Answer a route; 404 for any other path."""
        route = self.answers.get(self.path.partition("?")[0])
        if route is None:
            answer = WebAnswer(body="not found\n", status=HTTPStatus.NOT_FOUND)
        else:
            answer = route()
        self._send(answer)

    def do_HEAD(self) -> None:
        """The same without the body."""
        self.do_GET()

    def _send(self, answer: WebAnswer) -> None:
        body = answer.body.encode()
        self.send_response(answer.status)
        self.send_header("Content-Type", answer.content_type)
        self.send_header("Content-Length", str(len(body)))
        self.send_header("Cache-Control", "no-store")
        self.send_header("X-Content-Type-Options", "nosniff")
        for name, value in answer.headers.items():
            self.send_header(name, value)
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    def log_message(self, format: str, *args: Any) -> None:
        """Nothing: what matters is in the log of the scheduler."""
