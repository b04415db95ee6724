"""A private RabbitMQ node, with an epmd of its own: nothing shared with an installed instance."""

import re
import secrets
import socket
import subprocess
import time
from contextlib import suppress
from dataclasses import dataclass
from urllib.parse import quote

from tests.servers.brokers import rabbitmq_flags
from tests.servers.brokers.rabbitmq_flags import Node, Ports
from tests.servers.certificates import Certificates
from tests.servers.find import BrokerPrograms
from tests.servers.ports import LOOPBACK, free_port, is_taken
from tests.servers.private import PrivateProgram
from tests.servers.process import GuardedProcess

AMQP_HEADER = b"AMQP\x00\x00\x09\x01"
CALL_WITHIN = 180.0  # seconds; on a busy machine a node joins its cluster in minutes
ALARM = "{resource_limit, memory, node()}"
CREATE = """\
rabbit_vhost:add(<<"{name}">>, <<"tests">>),
rabbit_auth_backend_internal:set_permissions(
    <<"{user}">>, <<"{name}">>, <<".*">>, <<".*">>, <<".*">>, <<"tests">>)"""


class CallFailed(RuntimeError):
    """The node refused what it was asked for, or did not answer; the message holds its words."""


class PrivateBroker(PrivateProgram):
    """One RabbitMQ node; `with PrivateBroker(programs) as broker:` runs it.

    Args:
        programs: what `find.rabbitmq()` answered.
        tls: listen with TLS too, with `certificates` that only this node's clients trust.
    """

    PORT_TAKEN = (*PrivateProgram.PORT_TAKEN, "eaddrinuse", "already in use")

    def __init__(self, programs: BrokerPrograms, *, tls: bool = False) -> None:
        super().__init__(f"rabbitmq {programs.version}")
        self.programs = programs
        self.node = Node(
            name=f"savctl-{secrets.token_hex(4)}@localhost",
            user="sav",
            password=secrets.token_hex(8),
            cookie=secrets.token_hex(16),
        )
        self._tls = tls
        self._ports: Ports | None = None
        self._epmd: GuardedProcess | None = None

    @property
    def ports(self) -> Ports:
        """All ports of the node; `port` is the one of plain AMQP."""
        if self._ports is None:
            raise RuntimeError("the broker was not started: it has no ports")
        return self._ports

    @property
    def certificates(self) -> Certificates:
        """What the clients of the TLS listener need."""
        if not self._tls:
            raise RuntimeError("the broker has no TLS listener: start it with tls=True")
        return Certificates(self.folder / "certificates")

    def url(self, vhost: str = "/") -> str:
        """The AMQP address of a virtual host, credentials included."""
        return self._url("amqp", self.port, vhost)

    def tls_url(self, vhost: str = "/") -> str:
        """The same over TLS; `certificates.ca` is to be trusted."""
        _ = self.certificates
        return self._url("amqps", self.ports.tls, vhost)

    def create_vhost(self, name: str) -> str:
        """Create an empty virtual host; answer its URL."""
        self.evaluate(CREATE.format(name=_plain(name), user=self.node.user))
        return self.url(name)

    def delete_vhost(self, name: str) -> None:
        """Delete a virtual host with all that is in it; its connections end."""
        self.evaluate(f'rabbit_vhost:delete(<<"{_plain(name)}">>, <<"tests">>)')

    def memory_alarm(self, on: bool) -> None:
        """Raise the memory alarm, which blocks every connection that publishes, or end it.

        The change is only posted; asking for the alarms waits until every connection was told.
        """
        change = f"set_alarm({{{ALARM}, []}})" if on else f"clear_alarm({ALARM})"
        self.evaluate(f"rabbit_alarm:{change}, rabbit_alarm:get_alarms()")

    def close_all_connections(self) -> None:
        """Close every client's connection, as an operator would (320 CONNECTION_FORCED)."""
        self.evaluate(
            'rabbit_networking:close_connections(rabbit_networking:connections(), "bye")'
        )

    def heal(self) -> None:
        """Undo what a test did: start, thaw, end the alarm; start anew what cannot be asked."""
        self.thaw()
        if not self.is_running:
            self.start()
        try:
            self.memory_alarm(on=False)
        except CallFailed:  # seen once: it ran, and epmd knew no node of its name
            self.restart()
            self.memory_alarm(on=False)

    def ctl(self, *words: str) -> str:
        """Run `rabbitmqctl WORDS...`, which takes half a second; answer what it says.

        Raises:
            CallFailed: it ended with an error, or took too long.
        """
        port = str(free_port())  # it listens while it runs
        limits = {"RABBITMQ_CTL_DIST_PORT_MIN": port, "RABBITMQ_CTL_DIST_PORT_MAX": port}
        command = [str(self.folder / "home" / "sbin" / "rabbitmqctl"), "--quiet", *words]
        return self._called(command, **limits)

    def evaluate(self, expression: str) -> str:
        """Evaluate an Erlang expression in the node, in milliseconds; answer its value.

        Raises:
            CallFailed: the node cannot be reached, or the expression raised.
        """
        command = [str(self.programs.runtime / "erl_call"), "-n", self.node.name, "-e"]
        output = self._called(command, typed=f"{expression}.\n")
        value = re.fullmatch(r"\{ok, (.*)\}", output, re.DOTALL)
        if value is None:
            raise CallFailed(f"{expression}: {output}")
        return value[1]

    def stop(self) -> None:
        """End the node and its epmd, and remove the folder. Calling it again does no harm."""
        super().stop()
        self._end_epmd()

    def _furnish(self) -> None:
        for name in ("bin", "log.d"):
            (self.folder / name).mkdir()
        (self.folder / "bin" / "erl").symlink_to(self.programs.runtime / "erlexec")
        (self.folder / "home").symlink_to(self.programs.home)  # scripts do not quote their path
        cookie = self.folder / ".erlang.cookie"
        cookie.touch(mode=0o600)
        cookie.write_text(self.node.cookie)
        cookie.chmod(0o400)
        if self._tls:
            Certificates.make(self.folder / "certificates")

    def _choose_ports(self) -> int:
        self._end_epmd()
        self._ports = Ports.free()
        certificates = self.certificates if self._tls else None
        rabbitmq_flags.configure(self.folder, self.node, self._ports, certificates=certificates)
        return self._ports.amqp

    def _launch(self) -> GuardedProcess:
        if self._epmd is None or not self._epmd.is_running:
            epmd = str(self.programs.runtime / "epmd")
            self._epmd = self._guarded(epmd, "-port", str(self.ports.epmd), "-address", LOOPBACK)
            while self._epmd.is_running and not is_taken(self.ports.epmd):
                time.sleep(0.01)
        return self._guarded(str(self.folder / "home" / "sbin" / "rabbitmq-server"))

    def _guarded(self, *command: str) -> GuardedProcess:
        return GuardedProcess(
            command,
            folder=self.folder,
            log=self.folder / "log",
            environment=self._environment(),
        )

    def _answers(self) -> bool:
        """Whether the node's greeting names it; the port is open only when the node is ready."""
        who = self.node.name.partition("@")[0].encode()
        with suppress(OSError), socket.create_connection((LOOPBACK, self.port), 5) as visitor:
            visitor.sendall(AMQP_HEADER)
            return who in visitor.recv(4096)
        return False

    def _end_epmd(self) -> None:
        if self._epmd is not None:
            self._epmd.end()
            self._epmd = None

    def _called(self, command: list[str], *, typed: str = "", **more: str) -> str:
        try:
            done = subprocess.run(
                command,
                input=typed,
                env=self._environment() | more,
                capture_output=True,
                text=True,
                timeout=CALL_WITHIN,
                check=False,
            )
        except subprocess.TimeoutExpired as late:
            raise CallFailed(f"{command[0]} had no answer in {late.timeout} s") from late
        if done.returncode != 0:
            raise CallFailed(f"{command} ended with {done.returncode}: {done.stdout}{done.stderr}")
        return done.stdout.strip()

    def _environment(self) -> dict[str, str]:
        return rabbitmq_flags.environment(self.programs, self.folder, self.node, self.ports)

    def _url(self, scheme: str, port: int, vhost: str) -> str:
        who = f"{self.node.user}:{self.node.password}"
        return f"{scheme}://{who}@{LOOPBACK}:{port}/{quote(vhost, safe='')}"


@dataclass(frozen=True, slots=True)
class VirtualHost:
    """One virtual host of a private broker: what a test gets for itself."""

    server: PrivateBroker
    name: str

    @property
    def url(self) -> str:
        """Its AMQP address."""
        return self.server.url(self.name)

    @property
    def tls_url(self) -> str:
        """Its address over TLS."""
        return self.server.tls_url(self.name)


def _plain(name: str) -> str:
    if re.fullmatch(r"[\w.-]+", name) is None:
        raise ValueError(f"{name!r} is no plain name for a virtual host")
    return name
