"""A ticket command does not know whether there is a broker (rules 8.1: never sent from it).

But a creation: it asks for an order, and for a customer who is not known (rules 14.4, 14.5).
"""

from __future__ import annotations

import socket
import time
from collections.abc import Iterator
from contextlib import suppress
from threading import Thread

import pytest

from savctl.persistence.engine import Database
from tests.conftest import Cli
from tests.events.backlog import waiting
from tests.given import write
from tests.servers.ports import LOOPBACK

AT_ONCE = 5.0  # seconds for five commands; a single connection attempt waits for ten


class SilentPort:
    """Accepts connections and never says a word."""

    def __init__(self) -> None:
        self.visits = 0
        self._visitors: list[socket.socket] = []
        self._listener = socket.create_server((LOOPBACK, 0))
        self.port = self._listener.getsockname()[1]
        self._thread = Thread(target=self._accept)
        self._thread.start()

    def close(self) -> None:
        with suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        self._thread.join()
        for visitor in self._visitors:
            visitor.close()

    def _accept(self) -> None:
        with suppress(OSError):
            while True:
                visitor, _ = self._listener.accept()
                self._visitors.append(visitor)
                self.visits += 1


@pytest.fixture
def silent(cli: Cli, database: Database, monkeypatch: pytest.MonkeyPatch) -> Iterator[SilentPort]:
    """The broker of the command line, which accepts and never answers; the customer is known."""
    write(database, "INSERT INTO users VALUES (456, 'ada@example.org', 'Ada', 'Byron')")
    port = SilentPort()
    monkeypatch.setenv("SAVCTL_BROKER_URL", f"amqp://sav:sav@{LOOPBACK}:{port.port}/")
    yield port
    port.close()


def test_ticket_commands_do_not_talk_to_the_broker(
    database: Database, cli: Cli, silent: SilentPort
) -> None:
    new = ("ticket", "create", "--user", 456, "--subject", "Late", "--description", "Where?")
    number = cli(*new, "-o", "ids").out.strip()
    began = time.monotonic()

    codes = [
        cli(*new).code,
        cli("ticket", "assign", number, "--to", 10, "--as", 5).code,
        cli("message", "add", number, "--from", "agent:10", "--body", "Hello").code,
        cli("ticket", "resolve", number, "--as", 10).code,
        cli("event", "status").code,
    ]

    assert codes == [0] * 5
    assert time.monotonic() - began < AT_ONCE
    assert silent.visits == 0
    assert waiting(database) == 7


def test_ticket_commands_open_no_socket_at_all(
    kind: str, cli: Cli, silent: SilentPort, monkeypatch: pytest.MonkeyPatch
) -> None:
    """But the one to the database's server, where there is one."""
    addresses: list[object] = []
    connect = socket.socket.connect

    def noted(self: socket.socket, address: object) -> None:
        addresses.append(address)
        connect(self, address)  # type: ignore[arg-type]

    monkeypatch.setattr(socket.socket, "connect", noted)
    monkeypatch.setattr(socket.socket, "connect_ex", noted)
    new = ("ticket", "create", "--user", 456, "--subject", "Late", "--description", "Where?")

    number = cli(*new, "-o", "ids").out.strip()
    codes = [
        cli("ticket", "assign", number, "--to", 10, "--as", 5).code,
        cli("ticket", "wait", number, "--message", "A photo?", "--as", 10).code,
        cli("message", "add", number, "--from", "customer:456", "--body", "Here.").code,
        cli("ticket", "resolve", number, "--as", 10).code,
        cli("ticket", "close", number, "--reason", "confirmed", "--as", 10).code,
        cli("ticket", "show", number).code,
        cli("job", "run", "close-resolved").code,
        cli("event", "list").code,
    ]

    assert codes == [0] * 8
    assert [a for a in addresses if isinstance(a, tuple) and a[1] == silent.port] == []
    assert kind != "sqlite" or addresses == []


@pytest.mark.slow("waits for the time limit of a connection")
def test_the_relay_does_and_gives_up_in_time(cli: Cli, silent: SilentPort) -> None:
    cli("ticket", "create", "--user", 456, "--subject", "Late", "--description", "Where?")

    shown = cli("event", "relay", "--once")

    assert shown.code == 8
    assert silent.visits > 0
