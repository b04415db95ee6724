"""The flags a private server runs with.

Both families are told to behave alike, as MySQL 8 does by default, so that a test that passes
on one says something about the other.
"""

import os
from pathlib import Path

from tests.servers.find import Family, Programs
from tests.servers.ports import LOOPBACK

SQL_MODE = (
    "ONLY_FULL_GROUP_BY,STRICT_TRANS_TABLES,NO_ZERO_IN_DATE,NO_ZERO_DATE,"
    "ERROR_FOR_DIVISION_BY_ZERO,NO_ENGINE_SUBSTITUTION"
)
ALIKE = (
    "--character-set-server=utf8mb4",
    "--collation-server=utf8mb4_unicode_ci",
    "--explicit-defaults-for-timestamp=ON",
    "--default-time-zone=+00:00",
    "--innodb-lock-wait-timeout=5",
    "--max-allowed-packet=64M",
    "--max-connections=300",
    f"--sql-mode={SQL_MODE}",
)
SMALL = ("--skip-log-bin", "--performance-schema=OFF", "--innodb-buffer-pool-size=128M")
FORGETFUL = (
    "--innodb-flush-log-at-trx-commit=0",
    "--innodb-doublewrite=OFF",
    "--innodb-flush-method=nosync",
)
DURABLE = ("--innodb-flush-log-at-trx-commit=1", "--innodb-doublewrite=ON")


def initialise(programs: Programs, data: Path) -> list[str]:
    """The command that makes an empty data folder, with a root who needs no password."""
    if programs.family is Family.MYSQL:
        own = ("--initialize-insecure", "--skip-log-bin", "--secure-file-priv=NULL")
        small = ("--innodb-redo-log-capacity=16M", "--innodb-flush-method=nosync")
        return [*programs.initialise, *_user(), *own, *small, f"--datadir={data}"]
    return [
        *(*programs.initialise, *_user(), f"--datadir={data}"),
        "--rpm",  # or it changes owner and mode of the installed PAM helper
        *("--auth-root-authentication-method=normal", "--skip-name-resolve", "--skip-test-db"),
        "--innodb-log-file-size=8M",
    ]


def serve(programs: Programs, folder: Path, *, port: int, durable: bool) -> list[str]:
    """The command that serves `folder`/data; everything else it writes stays in `folder` too."""
    own: tuple[str, ...] = ("--mysqlx=OFF", "--secure-file-priv=NULL")
    if programs.family is Family.MARIADB:
        own = ("--skip-name-resolve",)
    return [
        *(*programs.server, *own, *_user()),
        *(f"--datadir={folder}/data", f"--tmpdir={folder}", f"--pid-file={folder}/pid"),
        "--socket=../sock",  # from the data folder: a full path may be too long for a socket
        *(f"--bind-address={LOOPBACK}", f"--port={port}"),
        *(*SMALL, *ALIKE, *(DURABLE if durable else FORGETFUL)),
    ]


def _user() -> tuple[str, ...]:
    """Both servers refuse to run as root unless they are told to."""
    return ("--user=root",) if os.geteuid() == 0 else ()
