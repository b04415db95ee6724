"""Unpack a real MySQL into `.cache/mysql`, without installing anything: `root` and `client`.

Debian's stable releases carry MariaDB only; its unstable suite carries MySQL. With a private apt
state this downloads the server and every library it needs (60 packages, 65 MB), and unpacks them
(330 MB); then the same for the client programs, which dump and load. They run through their own
loader, so the age of this machine's libraries does not matter. Where the packages come from is
read from the machine's own Debian source; a mirror that lags behind by days is good enough here,
its signature is checked all the same.

usage: python -m tests.servers.databases.mysql_unpack     (1 and the reason when it cannot be)
"""

import os
import sys

from tests.servers import find
from tests.servers.install import apt_source
from tests.servers.install.apt_unpack import CannotUnpack, unpack

PACKAGE = "mysql-server-core"
CLIENT_PACKAGE = "mysql-client-core"
SUITE = "sid"


def main() -> int:
    """Make sure that a MySQL is there; answer the exit status."""
    root = find.mysql_root()
    if find.mysql() is None:
        if os.environ.get("SAVCTL_TEST_MYSQL_ROOT"):
            return _refuse(f"SAVCTL_TEST_MYSQL_ROOT: no MySQL is unpacked in {root}")
        try:
            unpack(PACKAGE, root, sources=apt_source.debian(SUITE))
        except (apt_source.NoDebianSource, CannotUnpack) as reason:
            return _refuse(str(reason))
        find.mysql.cache_clear()
    found = find.mysql()
    if found is None:
        return _refuse(f"{root} holds no server that runs here; `make clean` removes it")
    if find.mysql_clients() is None:
        try:
            unpack(CLIENT_PACKAGE, find.MYSQL_CLIENT_ROOT, sources=apt_source.debian(SUITE))
        except (apt_source.NoDebianSource, CannotUnpack) as reason:
            return _refuse(f"its client programs: {reason}")
        find.mysql_clients.cache_clear()
        if find.mysql_clients() is None:
            return _refuse(f"{find.MYSQL_CLIENT_ROOT} holds no mysqldump")
    sys.stdout.write(f"MySQL {found.version} in {root}\n")
    return 0


def _refuse(reason: str) -> int:
    sys.stderr.write(f"no MySQL to test with: {reason}\n")
    return 1


if __name__ == "__main__":
    sys.exit(main())
