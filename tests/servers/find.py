"""Which servers this machine has, and which of them a test run is to use.

Environment:
    SAVCTL_TEST_DATABASES: what to run on, comma separated; "sqlite,mariadb" when unset.
    SAVCTL_TEST_STORES: object stores to run on, comma separated; all of them when unset.
    SAVCTL_TEST_BROKER: 0 = run no test that needs RabbitMQ.
    SAVCTL_TEST_REQUIRE_SERVERS: 1 = a server that is wanted and missing is a failure.
    SAVCTL_TEST_MYSQL_ROOT: a folder with an unpacked MySQL; `.cache/mysql/root` when unset.
"""

import os
import re
import shutil
import subprocess
import sysconfig
from dataclasses import dataclass
from enum import StrEnum
from functools import cache
from pathlib import Path

PROJECT = Path(__file__).resolve().parents[2]
CACHE = PROJECT / ".cache"
MINISTACK_HOME = CACHE / "ministack"
MANIFEST_TOOLS_HOME = CACHE / "manifest-tools"
RABBITMQ_ROOT = CACHE / "rabbitmq" / "root"
CLAMAV_ROOT = CACHE / "clamav" / "root"
MYSQL_CLIENT_ROOT = CACHE / "mysql" / "client"
REDIS_ROOT = CACHE / "redis" / "root"
SYSTEM_FOLDERS = ("/usr/sbin", "/usr/local/sbin", "/sbin")  # not on an ordinary user's PATH


class Family(StrEnum):
    """The two server programs that speak the MySQL protocol."""

    MARIADB = "mariadb"
    MYSQL = "mysql"


@dataclass(frozen=True, slots=True, kw_only=True)
class BrokerPrograms:
    """RabbitMQ and the Erlang it runs on.

    Args:
        home: the folder with RabbitMQ's `sbin`.
        runtime: the folder with Erlang's `erlexec`, `epmd` and `erl_call`.
    """

    version: str
    home: Path
    runtime: Path


@dataclass(frozen=True, slots=True, kw_only=True)
class ClamdProgram:
    """clamd, and where its libraries are when they are not the machine's own."""

    server: Path
    libraries: str


@dataclass(frozen=True, slots=True, kw_only=True)
class RedisProgram:
    """redis-server, and where its libraries are when they are not the machine's own."""

    server: Path
    libraries: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Programs:
    """The programs of one database server, each as the beginning of a command line."""

    family: Family
    version: str
    server: tuple[str, ...]
    initialise: tuple[str, ...]


def wanted() -> frozenset[str]:
    """The databases this run is to use, such as {"sqlite", "mariadb"}."""
    return _names(os.environ.get("SAVCTL_TEST_DATABASES") or "sqlite,mariadb")


def stores_wanted() -> frozenset[str]:
    """The object stores this run is to use, such as {"directory"}."""
    return _names(os.environ.get("SAVCTL_TEST_STORES") or "directory,seaweedfs,ministack")


def broker_wanted() -> bool:
    """Whether this run is to use RabbitMQ."""
    return os.environ.get("SAVCTL_TEST_BROKER", "") != "0"


def required() -> bool:
    """Whether a missing server fails the run instead of skipping tests."""
    return os.environ.get("SAVCTL_TEST_REQUIRE_SERVERS", "") not in {"", "0"}


def programs(family: Family) -> Programs | None:
    """The programs of this family, or None where they are not to be had."""
    return mariadb() if family is Family.MARIADB else mysql()


@cache
def mariadb() -> Programs | None:
    """The installed MariaDB; its server is enough, a default instance is not needed."""
    search = os.pathsep.join([os.environ.get("PATH", ""), *SYSTEM_FOLDERS])
    server = shutil.which("mariadbd", path=search)
    initialise = shutil.which("mariadb-install-db", path=search)
    helper = shutil.which("my_print_defaults", path=search)  # without it the script only complains
    if server is None or initialise is None or helper is None:
        return None
    return Programs(
        family=Family.MARIADB,
        version=_version((server, "--no-defaults")),
        server=(server, "--no-defaults"),
        initialise=(initialise, "--no-defaults"),
    )


@cache
def mysql() -> Programs | None:
    """The MySQL that `mysql_unpack` unpacked, run through its own loader and libraries."""
    root = mysql_root()
    server = root / "usr/sbin/mysqld"
    loader = _loader(root)
    if loader is None or not server.is_file():
        return None
    command = (
        *(str(loader), "--library-path", str(loader.parent), str(server)),
        *("--no-defaults", f"--basedir={root}/usr"),
        f"--lc-messages-dir={root}/usr/share/mysql",
        f"--plugin-dir={root}/usr/lib/mysql/plugin",
    )
    return Programs(
        family=Family.MYSQL, version=_version(command), server=command, initialise=command
    )


@cache
def mysql_clients() -> dict[str, tuple[str, ...]] | None:
    """MySQL's `mysql`, `mysqldump` and `mysqlbinlog` as `mysql_unpack` unpacked them.

    Each is the beginning of a command line: the loader, its libraries, the program.
    """
    found: dict[str, tuple[str, ...]] = {}
    for name, root in (
        ("mysql", MYSQL_CLIENT_ROOT),
        ("mysqldump", MYSQL_CLIENT_ROOT),
        ("mysqlbinlog", mysql_root()),
    ):
        loader = _loader(root)
        program = root / "usr/bin" / name
        if loader is None or not program.is_file():
            return None
        found[name] = (str(loader), "--library-path", str(loader.parent), str(program))
    return found


@cache
def rabbitmq() -> BrokerPrograms | None:
    """RabbitMQ as it is installed, or else as `rabbitmq_unpack` unpacked it."""
    for root in (Path("/"), RABBITMQ_ROOT):
        homes = sorted(root.glob("usr/lib/rabbitmq/lib/rabbitmq_server-*/sbin/rabbitmq-server"))
        runtimes = sorted(root.glob("usr/lib/erlang/erts-*/bin/erl_call"))
        if homes and runtimes:
            home = homes[-1].parents[1]
            version = home.name.rpartition("-")[2]
            return BrokerPrograms(version=version, home=home, runtime=runtimes[-1].parent)
    return None


@cache
def clamd() -> ClamdProgram | None:
    """clamd as it is installed, or else as `clamav_unpack` unpacked it."""
    for root in (Path("/"), CLAMAV_ROOT):
        server = root / "usr" / "sbin" / "clamd"
        libraries = sorted(root.glob("usr/lib/*-linux-gnu*/libclamav.so.*"))
        if server.is_file() and libraries:
            return ClamdProgram(server=server, libraries=str(libraries[0].parent))
    return None


@cache
def redis() -> RedisProgram | None:
    """redis-server as it is installed, or else as `redis_unpack` unpacked it."""
    for root in (Path("/"), REDIS_ROOT):
        server = root / "usr" / "bin" / "redis-server"
        libraries = sorted(map(str, root.glob("usr/lib/*-linux-gnu*")))
        if server.exists():
            return RedisProgram(server=server, libraries=":".join(libraries))
    return None


def seaweedfs() -> Path | None:
    """The `weed` that the development requirements bring."""
    return _file(Path(sysconfig.get_path("scripts")) / "weed")


def ministack() -> Path | None:
    """The ministack that `ministack_install` installed."""
    return _file(MINISTACK_HOME / "bin" / "ministack")


def mysql_root() -> Path:
    """Where the unpacked MySQL is, or would be."""
    return Path(os.environ.get("SAVCTL_TEST_MYSQL_ROOT") or CACHE / "mysql" / "root").absolute()


def _loader(root: Path) -> Path | None:
    return next(iter(sorted(root.glob("usr/lib/*-linux-gnu*/ld-linux-*.so.*"))), None)


def _file(path: Path) -> Path | None:
    return path if path.is_file() else None


def _names(listed: str) -> frozenset[str]:
    return frozenset(name.strip() for name in listed.split(",") if name.strip())


def _version(command: tuple[str, ...]) -> str:
    output = subprocess.run(
        [*command, "--version"], capture_output=True, text=True, check=True
    ).stdout
    found = re.search(r"Ver (\S+)", output)
    return found[1] if found else "unknown"
