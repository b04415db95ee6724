"""Which programs of the host belong to the server: MySQL's and MariaDB's do not mix."""

from __future__ import annotations

import shutil
import subprocess
from functools import cache

from savctl.ports.dump_client import ClientMissing

_SECONDS = 10.0
_LOG_READERS = ("mariadb-binlog", "mysqlbinlog")
_SHELLS = ("mariadb", "mysql")
_DUMPS = ("mariadb-dump", "mysqldump")


def dump_program(family: str) -> str:
    """The program that dumps a database of a server of this family, `mariadb` or `mysql`.

    Debian installs MariaDB's under MySQL's name as well: it cannot dump for MySQL.

    Raises:
        ClientMissing: it is not there; the hint names the package.
    """
    return _found(_DUMPS, is_mariadb=family == "mariadb")


def log_reader(family: str) -> str:
    """The program that reads the logs of a server of this family, `mariadb` or `mysql`.

    Raises:
        ClientMissing: it is not there; the hint names the package.
    """
    return _found(_LOG_READERS, is_mariadb=family == "mariadb")


def statement_client(family: str) -> str:
    """The program that runs statements on a server of this family.

    Raises:
        ClientMissing: it is not there; the hint names the package.
    """
    return _found(_SHELLS, is_mariadb=family == "mariadb")


def _found(names: tuple[str, ...], *, is_mariadb: bool) -> str:
    for name in names:
        path = shutil.which(name)
        if path is not None and _is_mariadbs(path) == is_mariadb:
            return path
    family, package = ("MariaDB", "mariadb-client") if is_mariadb else ("MySQL", "mysql-client")
    raise ClientMissing(
        f"no {' or '.join(names)} of {family} is on this host",
        hint=f"Install the package {package}.",
    )


@cache
def _is_mariadbs(path: str) -> bool:
    answer = subprocess.run(  # noqa: S603 - found by a fixed name
        [path, "--version"],
        stdin=subprocess.DEVNULL,
        capture_output=True,
        check=False,
        timeout=_SECONDS,
    )
    return b"mariadb" in answer.stdout.lower()
