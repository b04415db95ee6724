"""What a database reports about itself: version, zones, modes. Read by `db ping` and `doctor`."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, text

from savctl.persistence.engine import Database, server_now
from savctl.persistence.sql import quoted_name

_VARIABLES = (
    "sql_mode",
    "character_set_connection",
    "character_set_database",
    "collation_database",
    "time_zone",
    "system_time_zone",
    "tx_isolation",
    "transaction_isolation",
    "log_bin",
    "binlog_format",
    "max_allowed_packet",
    "read_only",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Server:
    """A server and its version; `family` is sqlite, mariadb or mysql."""

    family: str
    version: str

    @property
    def number(self) -> tuple[int, ...]:
        """The version as numbers, such as (10, 11, 19)."""
        plain = self.version.partition("-")[0]
        return tuple(int(part) for part in plain.split(".") if part.isdecimal())


def server_of(connection: Connection) -> Server:
    """Which server answers."""
    if connection.dialect.name == "sqlite":
        version = connection.execute(text("SELECT sqlite_version()")).scalar_one()
        return Server(family="sqlite", version=str(version))
    version = str(connection.execute(text("SELECT VERSION()")).scalar_one())
    return Server(family="mariadb" if "mariadb" in version.lower() else "mysql", version=version)


def variables(connection: Connection, *, of_all_sessions: bool = False) -> Mapping[str, str]:
    """Settings of this session, or those that new sessions get; MySQL and MariaDB only."""
    scope = "GLOBAL" if of_all_sessions else "SESSION"
    names = ", ".join(f"'{name}'" for name in _VARIABLES)
    rows = connection.execute(text(f"SHOW {scope} VARIABLES WHERE Variable_name IN ({names})"))
    return {row[0]: str(row[1]) for row in rows}


def galera_nodes(connection: Connection) -> int:
    """How many nodes the Galera cluster of this server has; 0 where it is in none."""
    if connection.dialect.name == "sqlite":
        return 0
    query = "SHOW GLOBAL STATUS WHERE Variable_name = 'wsrep_cluster_size'"
    row = connection.execute(text(query)).first()
    return int(row[1]) if row and str(row[1]).isdecimal() else 0


@dataclass(frozen=True, slots=True, kw_only=True)
class GaleraState:
    """How a node takes part in its cluster; `words` are the server's."""

    is_ready: bool
    words: str


def galera_state(connection: Connection) -> GaleraState | None:
    """How this node takes part; None where it belongs to no Galera cluster."""
    if connection.dialect.name == "sqlite":
        return None
    names = "'wsrep_cluster_status', 'wsrep_local_state_comment', 'wsrep_ready'"
    rows = connection.execute(text(f"SHOW GLOBAL STATUS WHERE Variable_name IN ({names})"))
    values = {row[0]: str(row[1]) for row in rows}
    if not values or values.get("wsrep_local_state_comment", "") in {"", "None"}:
        return None
    is_ready = (
        values.get("wsrep_cluster_status") == "Primary" and values.get("wsrep_ready") == "ON"
    )
    parts = (values.get("wsrep_cluster_status"), values.get("wsrep_local_state_comment"))
    return GaleraState(is_ready=is_ready, words=", ".join(filter(None, parts)))


def binary_log_days(connection: Connection) -> float | None:
    """How many days the server keeps its binary logs; 0 for ever, None where it writes none."""
    if connection.dialect.name == "sqlite":
        return None
    names = "'log_bin', 'binlog_expire_logs_seconds', 'expire_logs_days'"
    rows = connection.execute(text(f"SHOW GLOBAL VARIABLES WHERE Variable_name IN ({names})"))
    values = {row[0]: str(row[1]) for row in rows}
    if values.get("log_bin", "OFF").upper() not in {"ON", "1"}:
        return None
    seconds = float(values.get("binlog_expire_logs_seconds", "0") or 0)
    return seconds / 86_400 or float(values.get("expire_logs_days", "0") or 0)


def isolation(values: Mapping[str, str]) -> str:
    """The isolation level, whatever the server calls the variable."""
    return values.get("transaction_isolation") or values.get("tx_isolation") or "unknown"


def now(connection: Connection) -> datetime:
    """The database's own clock."""
    value = connection.execute(text(f"SELECT {server_now(connection)}")).scalar_one()
    moment = datetime.fromisoformat(value) if isinstance(value, str) else value
    return moment.replace(tzinfo=UTC) if isinstance(moment, datetime) else datetime.now(UTC)


def pragma(connection: Connection, name: str) -> Any:
    """A SQLite setting of this connection."""
    return connection.exec_driver_sql(f"PRAGMA {name}").scalar()


def sqlite_file(database: Database) -> Path | None:
    """The file of an embedded database; None for a server or a database in memory."""
    name = database.url.database
    if not database.is_sqlite or name in {None, "", ":memory:"}:
        return None
    return Path(str(name).removeprefix("file:"))


def is_there(database: Database) -> bool:
    """False for an embedded database whose file was not made yet: reading must not make it."""
    file = sqlite_file(database)
    return file is None or file.exists()


def count_rows(connection: Connection, table: str, *, at_most: int) -> int:
    """The rows of a table; of a larger one `at_most` and one more."""
    name = quoted_name(connection, table)
    some = f"SELECT 1 AS one FROM {name} LIMIT {at_most + 1:d}"  # noqa: S608 - quoted, a number
    return int(connection.execute(text(f"SELECT COUNT(*) FROM ({some}) AS counted")).scalar_one())  # noqa: S608
