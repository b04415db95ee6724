"""Unpack redis-server into `.cache/redis/root`, without installing anything.

Installed, Debian's package would add a user and start a service. An installed one is used instead.

usage: python -m tests.servers.redis_unpack     (always succeeds)
"""

from pathlib import Path

from tests.servers import find
from tests.servers.install.apt_unpack import CannotUnpack, unpack
from tests.servers.install.notice import say, warn_of_missing

PACKAGE = "redis-server"
DPKG_STATUS = Path("/var/lib/dpkg/status")


def main() -> None:
    """Unpack what is missing; tell in any case what comes of it."""
    if find.redis() is None:
        say("unpacking redis-server for the tests")
        reason = "unpacked, and still not found; `make clean` removes it"
        installed = DPKG_STATUS.read_text(errors="replace") if DPKG_STATUS.is_file() else ""
        try:
            unpack(PACKAGE, find.REDIS_ROOT, installed=installed)
        except CannotUnpack as failure:
            reason = str(failure)
        find.redis.cache_clear()
        if find.redis() is None:
            warn_of_missing("redis-server", reason, packages=(PACKAGE,))


if __name__ == "__main__":
    main()
