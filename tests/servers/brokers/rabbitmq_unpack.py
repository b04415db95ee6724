"""Unpack RabbitMQ and its Erlang into `.cache/rabbitmq/root`, without installing anything.

Installed, Debian's packages would add users and enable two services on this machine (a broker
and an epmd). Unpacked they do neither, and nobody needs to be root: 17 packages, 58 MB, from the
machine's own sources, with the machine's own libraries. An installed RabbitMQ is used instead.

usage: python -m tests.servers.brokers.rabbitmq_unpack     (always succeeds)
"""

import re
from pathlib import Path

from tests.servers import find
from tests.servers.install.apt_unpack import CannotUnpack, unpack
from tests.servers.install.notice import say, warn_of_missing

PACKAGE = "rabbitmq-server"
DPKG_STATUS = Path("/var/lib/dpkg/status")


def main() -> None:
    """Unpack what is missing; tell in any case what comes of it."""
    if find.rabbitmq() is None and find.broker_wanted():
        say("unpacking RabbitMQ and Erlang for the tests")
        reason = "unpacked, and still not found; `make clean` removes it"
        try:
            unpack(PACKAGE, find.RABBITMQ_ROOT, installed=_installed(DPKG_STATUS))
        except CannotUnpack as failure:
            reason = str(failure)
        find.rabbitmq.cache_clear()
        if find.rabbitmq() is None:
            warn_of_missing("RabbitMQ", reason, packages=(PACKAGE,))


def _installed(status: Path) -> str:
    """What dpkg knows of this machine, but for parts of Erlang: they all belong in one place."""
    if not status.is_file():
        return ""
    stanzas = status.read_text(errors="replace").split("\n\n")
    return "\n\n".join(s for s in stanzas if not re.match(r"Package: (erlang|rabbitmq)-", s))


if __name__ == "__main__":
    main()
