"""A database, a broker, a folder of files and a scheduler that serves `/metrics`, to be broken."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from datetime import timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any
from uuid import uuid4

from savctl.persistence.engine import Database
from savctl.persistence.schema import versions
from savctl.ports import SetClock, system_clock
from tests.crash.fork_server import Process
from tests.crash.processes import ended, running, start
from tests.servers.brokers.consumer import Consumer
from tests.servers.brokers.rabbitmq import PrivateBroker
from tests.servers.databases.mysql_family import PrivateServer
from tests.servers.find import Programs
from tests.servers.network.tcp_proxy import TcpProxy
from tests.servers.ports import LOOPBACK, free_port

JOBS = ("event-relay", "sla-escalation", "sync-consume")
_OPTIONS = ("--performance-schema=ON", "--max-connections=100")


class MonitoredSite:
    """Everything that is watched; the scheduler reaches database and broker through proxies."""

    def __init__(self, server: PrivateServer, broker: PrivateBroker, folder: Path) -> None:
        self.server, self.folder = server, folder
        self.vhost = f"watched-{uuid4().hex}"
        self.broker_url = broker.create_vhost(self.vhost)
        self.to_database = TcpProxy(server.port)
        self.to_broker = TcpProxy(broker.port)
        self.database = Database(server.create_database("watched"))
        versions.upgrade(self.database, owner="tests")
        self.files = folder / "files"
        self.disk = folder / "disk"
        for path in (self.disk, folder / "backups", folder / "home"):
            path.mkdir()
        self.files.symlink_to(self.disk)
        self.address = f"{LOOPBACK}:{free_port()}"
        self.text_server = TextServer()
        self._scheduler: Process | None = None

    @property
    def environment(self) -> dict[str, str]:
        """What the scheduler and every command find."""
        return {
            "PATH": os.environ["PATH"],
            "HOME": str(self.folder / "home"),
            "SAVCTL_HOME": str(self.folder / "home"),
            "SAVCTL_DATABASE_URL": self.to_database.through(str(self.server.url("watched"))),
            "SAVCTL_BROKER_URL": self.to_broker.through(self.broker_url),
            "SAVCTL_STORAGE_URL": f"file://{self.files}",
            "SAVCTL_BACKUP_URL": f"file://{self.folder}/backups",
            "SAVCTL_TICK_SECONDS": "1",
            "SAVCTL_BROKER_TOPOLOGY": "declare",
            "SAVCTL_EVENT_ATTEMPTS": "2",
            "SAVCTL_ERASURE_KEY": "k" * 40,
            "SAVCTL_ACTOR": "1",
        }

    def start_scheduler(self, **more: str) -> None:
        """Run it with the jobs that faults need to be at work; the others are run by hand."""
        only = [word for job in JOBS for word in ("--only", job)]
        words = ("scheduler", "run", "--metrics", self.address, *only)
        self._scheduler = start(self.environment | more, *words)
        self._scheduler.__enter__()

    def stop_scheduler(self) -> None:
        """End it politely."""
        if self._scheduler is not None:
            self._scheduler.send_signal(15)
            self._scheduler.wait(60)
            self._scheduler.__exit__(None, None, None)
            self._scheduler = None

    def savctl(self, *words: str, code: int = 0, **more: str) -> Any:
        """What a command answers as JSON.

        Raises:
            AssertionError: it ends with another exit code.
        """
        with running(self.environment | more, *words, "-o", "json") as process:
            found, out, err = ended(process)
        assert found == code, f"{' '.join(words)}: {found}: {err}"
        return json.loads(out) if out.strip() else None

    def clock(self, **ago: float) -> SetClock:
        """A clock that stands at some time ago."""
        return SetClock(system_clock() - timedelta(**ago))

    def bind_queue(self) -> Consumer:
        """Give the events a queue to arrive in."""
        return Consumer(self.broker_url, exchange="sav_exchange", routing_key="#")


class TextServer:
    """Serves one text, as node_exporter does with a text file; nothing while it is empty."""

    def __init__(self) -> None:
        self.text = ""
        outer = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                self.send_response(200 if outer.text else 404)
                self.send_header("Content-Type", "text/plain; version=0.0.4")
                self.end_headers()
                self.wfile.write(outer.text.encode())

            def log_message(self, *_: object) -> None:
                """Nothing to stderr."""

        self._server = ThreadingHTTPServer((LOOPBACK, 0), Handler)
        self.address = f"{LOOPBACK}:{self._server.server_port}"
        self._thread = Thread(target=self._server.serve_forever, args=(0.02,), daemon=True)
        self._thread.start()

    def close(self) -> None:
        """Serve nothing more."""
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()


@contextmanager
def monitored_site(
    programs: Programs, broker: PrivateBroker, folder: Path
) -> Iterator[MonitoredSite]:
    """A site with its scheduler at work."""
    with ExitStack() as stack:
        server = stack.enter_context(PrivateServer(programs, options=_OPTIONS))
        site = MonitoredSite(server, broker, folder)
        stack.callback(broker.delete_vhost, site.vhost)
        stack.callback(site.text_server.close)
        stack.callback(site.database.close)
        stack.enter_context(site.to_database)
        stack.enter_context(site.to_broker)
        stack.callback(site.stop_scheduler)
        site.start_scheduler()
        yield site
