"""Unpack a real MySQL server into `.cache/mysql/root`, without installing anything.

Debian's stable releases carry MariaDB only; its unstable suite carries MySQL. With a private apt
state this downloads the server and every library it needs (60 packages, 65 MB), and unpacks them
(330 MB). They run through their own loader, so the age of this machine's libraries does not
matter. Where the packages come from is read from the machine's own Debian source; a mirror that
lags behind by days is good enough here, its signature is checked all the same.

usage: python -m tests.servers.mysql_unpack     (exit status 1 and the reason when it cannot be)
"""

import fcntl
import os
import shutil
import subprocess
import sys
from pathlib import Path

from tests.servers import apt_source, find

PACKAGE = "mysql-server-core"
SUITE = "sid"
CONFIGURATION = """\
Dir::Etc::sourcelist "/dev/null";
Dir::Etc::sourceparts "{work}/sources";
Dir::State "{work}/state";
Dir::State::lists "{work}/lists";
Dir::State::status "{work}/state/status";
Dir::Cache "{work}/cache";
APT::Sandbox::User "";
Acquire::Check-Valid-Until "false";
"""


def main() -> int:
    """Make sure that a MySQL is there; answer the exit status."""
    mysql = find.mysql_root().parent
    if find.mysql() is None:
        if os.environ.get("SAVCTL_TEST_MYSQL_ROOT"):
            return _refuse(f"SAVCTL_TEST_MYSQL_ROOT: no MySQL is unpacked in {find.mysql_root()}")
        missing = [tool for tool in ("apt-get", "dpkg") if shutil.which(tool) is None]
        if missing:
            return _refuse(f"this needs a Debian machine: there is no {' and no '.join(missing)}")
        try:
            _unpack_once(mysql)
        except (apt_source.NoDebianSource, OSError) as reason:
            return _refuse(str(reason))
        except subprocess.CalledProcessError as failure:
            return _refuse(f"{failure.cmd[0]} ended with status {failure.returncode}, see above")
        find.mysql.cache_clear()
    found = find.mysql()
    if found is None:
        return _refuse(f"{mysql} holds no server that runs here; `make clean` removes it")
    sys.stdout.write(f"MySQL {found.version} in {find.mysql_root()}\n")
    return 0


def _unpack_once(mysql: Path) -> None:
    """Unpack beside the final place and rename: what has the final name is complete."""
    mysql.mkdir(parents=True, exist_ok=True)
    with (mysql / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if (mysql / "root").is_dir():
            return
        work = mysql / "work"
        shutil.rmtree(work, ignore_errors=True)
        try:
            _unpack(work)
            (work / "root").rename(mysql / "root")
        finally:
            shutil.rmtree(work, ignore_errors=True)


def _unpack(work: Path) -> None:
    for folder in ("sources", "state", "lists/partial", "cache/archives/partial", "root"):
        (work / folder).mkdir(parents=True)
    (work / "state/status").touch()  # nothing counts as installed: every library comes along
    (work / "sources/debian.sources").write_text(apt_source.debian(SUITE))
    (work / "apt.conf").write_text(CONFIGURATION.format(work=work))
    environment = dict(os.environ, APT_CONFIG=str(work / "apt.conf"), LC_ALL="C.UTF-8")
    install = ("install", "--yes", "--no-install-recommends", "--download-only", PACKAGE)
    for arguments in (("update",), install):
        subprocess.run(["apt-get", "-qq", *arguments], env=environment, check=True)
    for package in sorted(work.glob("cache/archives/*.deb")):
        subprocess.run(["dpkg", "-x", str(package), str(work / "root")], check=True)


def _refuse(reason: str) -> int:
    sys.stderr.write(f"no MySQL to test with: {reason}\n")
    return 1


if __name__ == "__main__":
    sys.exit(main())
