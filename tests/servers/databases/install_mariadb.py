"""Make sure that the programs of a MariaDB server are there for the tests.

Debian's core packages hold the programs alone: no service, no default instance, no system user.
Where they cannot be installed, the tests that need them are skipped, and this says so.

usage: python -m tests.servers.databases.install_mariadb     (always succeeds)
"""

import os
import shutil
import subprocess
import sys

from tests.servers import find
from tests.servers.install.notice import say, warn_of_missing

# mariadb-client has mariadb-dump and mariadb-binlog, which backups run
PACKAGES = ("mariadb-server-core", "mariadb-client-core", "mariadb-client")
NEVER_REMOVE = ("--yes", "--no-install-recommends", "--no-remove")


def main() -> None:
    """Install what is missing, if this user may; tell in any case what comes of it."""
    if find.mariadb() is None or shutil.which("mariadb-dump") is None:
        refusal = _install()
        find.mariadb.cache_clear()
        if find.mariadb() is None:
            warn_of_missing(
                "MariaDB", refusal or "installed, and still not found", packages=PACKAGES
            )


def _install() -> str | None:
    """Install the packages; answer why it was not possible."""
    if shutil.which("apt-get") is None:
        return "there is no apt-get here"
    as_root: tuple[str, ...] = ()
    if os.geteuid() != 0:
        as_root = ("sudo", "-n")
        if shutil.which("sudo") is None or _fails([*as_root, "true"], quiet=True):
            return "this user is not root and has no sudo without a password"
    command = [*as_root, "env", "DEBIAN_FRONTEND=noninteractive", "apt-get", "-qq"]
    say(f"installing {' and '.join(PACKAGES)} for the tests")
    if _fails([*command, "update"]) or _fails([*command, "install", *NEVER_REMOVE, *PACKAGES]):
        return "apt-get failed, see above"
    return None


def _fails(command: list[str], *, quiet: bool = False) -> bool:
    output = subprocess.DEVNULL if quiet else sys.stderr
    done = subprocess.run(
        command, stdin=subprocess.DEVNULL, stdout=output, stderr=output, check=False
    )
    return done.returncode != 0


if __name__ == "__main__":
    main()
