"""A real HTTP server that takes pings: well, slow, silent, or answering 500."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Event, Thread


@dataclass
class PingServer:
    """What arrived, oldest first: `/path body`; `answers` is used up, then it is 200."""

    url: str = ""
    seen: list[str] = field(default_factory=list)
    answers: list[int] = field(default_factory=list)
    pause_seconds: float = 0.0
    is_silent: bool = False
    drips: bool = False  # answers a byte each tenth of a second, without an end
    over: Event = field(default_factory=Event)


@contextmanager
def ping_server() -> Iterator[PingServer]:
    """A server on a free port of this machine."""
    state = PingServer()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length") or 0)).decode()
            state.seen.append(f"{self.path} {body}".strip())
            if state.is_silent:
                state.over.wait(20)
                return
            if state.drips:
                while not state.over.wait(0.1):
                    self.wfile.write(b"H")
                return
            time.sleep(state.pause_seconds)
            self.send_response(state.answers.pop(0) if state.answers else 200)
            self.end_headers()

        do_POST = do_GET  # noqa: N815 - the base class asks for this name

        def log_message(self, *_: object) -> None:
            """Nothing to stderr."""

    class Server(ThreadingHTTPServer):
        daemon_threads = True

        def handle_error(self, *_: object) -> None:
            """A client that gave up is no error."""

    server = Server(("127.0.0.1", 0), Handler)
    state.url = f"http://127.0.0.1:{server.server_port}"
    thread = Thread(target=server.serve_forever, args=(0.02,), daemon=True)
    thread.start()
    try:
        yield state
    finally:
        state.over.set()
        server.shutdown()
        server.server_close()
        thread.join()
