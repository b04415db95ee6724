"""The environment and the configuration that make a RabbitMQ node private."""

from dataclasses import dataclass
from pathlib import Path
from typing import Self

from tests.servers.certificates import Certificates
from tests.servers.find import BrokerPrograms
from tests.servers.ports import LOOPBACK, free_ports

ON_LOOPBACK = "-kernel inet_dist_use_interface {127,0,0,1} -start_epmd false"
CONFIGURATION = """\
listeners.tcp.private = {host}:{amqp}
loopback_users = none
default_user = {user}
default_pass = {password}
vm_memory_high_watermark.absolute = 1GB
disk_free_limit.absolute = 50MB
log.console = true
log.console.level = warning
log.file = false
"""
TLS = """\
listeners.ssl.private = {host}:{tls}
ssl_options.cacertfile = {certificates.ca}
ssl_options.certfile = {certificates.server[0]}
ssl_options.keyfile = {certificates.server[1]}
ssl_options.verify = verify_peer
ssl_options.fail_if_no_peer_cert = false
"""


@dataclass(frozen=True, slots=True)
class Ports:
    """The loopback ports of one node."""

    amqp: int
    tls: int
    distribution: int
    epmd: int

    @classmethod
    def free(cls) -> Self:
        """Four that nobody listens on."""
        return cls(*free_ports(4))


@dataclass(frozen=True, slots=True, kw_only=True)
class Node:
    """Who a node is: the name of its Erlang machine and of its only user."""

    name: str
    user: str
    password: str
    cookie: str


def configure(
    folder: Path, node: Node, ports: Ports, *, certificates: Certificates | None
) -> None:
    """Write the configuration for these ports; TLS where there are certificates."""
    text = CONFIGURATION.format(
        host=LOOPBACK, amqp=ports.amqp, user=node.user, password=node.password
    )
    if certificates is not None:
        text += TLS.format(host=LOOPBACK, tls=ports.tls, certificates=certificates)
    (folder / "rabbitmq.conf").write_text(text)
    (folder / "plugins").write_text("[].\n")


def environment(
    programs: BrokerPrograms, folder: Path, node: Node, ports: Ports
) -> dict[str, str]:
    """Everything the node and its tools may know; nothing of this machine's own RabbitMQ."""
    return {
        "HOME": str(folder),  # holds .erlang.cookie
        "LANG": "C.UTF-8",
        "PATH": f"{folder / 'bin'}:/usr/bin:/bin",
        **_erlang(programs, ports),
        "RABBITMQ_NODENAME": node.name,
        "RABBITMQ_DIST_PORT": str(ports.distribution),
        "RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS": "+S 2:2",
        "RABBITMQ_LOGS": "-",
        **{f"RABBITMQ_{what}": str(folder / place) for what, place in _PLACES.items()},
        "RUNNING_UNDER_SYSTEMD": "1",  # the script becomes the broker, and keeps its process id
    }


_PLACES = {
    "MNESIA_BASE": "mnesia",
    "LOG_BASE": "log.d",
    "CONF_ENV_FILE": "none.conf",
    "CONFIG_FILE": "rabbitmq.conf",
    "ADVANCED_CONFIG_FILE": "none.config",
    "GENERATED_CONFIG_DIR": "generated",
    "SCHEMA_DIR": "schema",
    "ENABLED_PLUGINS_FILE": "plugins",
    "PID_FILE": "pid",
}


def _erlang(programs: BrokerPrograms, ports: Ports) -> dict[str, str]:
    """What Debian's `erl` script would set, had Erlang been installed where it was built for."""
    return {
        "ROOTDIR": str(programs.runtime.parents[1]),
        "BINDIR": str(programs.runtime),
        "EMU": "beam",
        "PROGNAME": "erl",
        "ERL_EPMD_PORT": str(ports.epmd),
        "ERL_EPMD_ADDRESS": LOOPBACK,
        "ERL_AFLAGS": ON_LOOPBACK,
        "ERL_CRASH_DUMP_BYTES": "0",
    }
