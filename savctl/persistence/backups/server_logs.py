"""What a server lists of its binary logs, and whether this user may read them (settled 32)."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, text
from sqlalchemy.exc import DBAPIError

from savctl.domain.backup.binary_logs import ServerLog
from savctl.errors import ConfigurationError
from savctl.persistence.driver_errors import number_of
from savctl.persistence.engine import Database
from savctl.persistence.schema.server_info import binary_log_days, now
from savctl.persistence.sql import fetched

_NO_LOG = 1381
_DENIED = frozenset({1227, 1045, 3546})


class NoBinaryLog(ConfigurationError):
    """The server writes no binary log."""

    code = "no_binary_log"


class NotPermittedToRead(ConfigurationError):
    """The database user may not list or read binary logs."""

    code = "no_replication_privilege"


@dataclass(frozen=True, slots=True)
class ServerLogState:
    """The server's logs, oldest first, and its time before they were listed."""

    logs: tuple[ServerLog, ...]
    at: datetime


def log_state(database: Database) -> ServerLogState:
    """The logs of the server.

    Raises:
        NoBinaryLog: it writes none.
        NotPermittedToRead: the user may not see them; the hint has the statement to grant it.
    """
    with database.reading() as connection:
        if binary_log_days(connection) is None:
            raise NoBinaryLog(
                f"the server of {database.name} writes no binary log",
                hint="Start it with log_bin, or back up without --until: jobs backup alone.",
            )
        at = now(connection)
        logs = _listed(connection)
    return ServerLogState(logs, at)


def grant_of(database: Database) -> str:
    """The statement by which an administrator lets this user read binary logs."""
    with database.reading() as connection:
        return _grant(connection)


def may_copy(database: Database) -> bool:
    """Whether the user has the privilege of a replica, by what the server lists of its grants."""
    with database.reading() as connection:
        grants = [str(row[0]).upper() for row in fetched(connection, "SHOW GRANTS")]
    return any(
        "REPLICATION SLAVE" in grant or "ALL PRIVILEGES ON *.*" in grant for grant in grants
    )


def _listed(connection: Connection) -> tuple[ServerLog, ...]:
    try:
        rows = fetched(connection, "SHOW BINARY LOGS")
    except DBAPIError as problem:
        number = number_of(problem)
        if number == _NO_LOG:
            raise NoBinaryLog("the server writes no binary log") from problem
        if number not in _DENIED:
            raise
        raise NotPermittedToRead(
            "the database user may not read binary logs",
            hint=f"Let an administrator run: {_grant(connection)}",
        ) from problem
    return tuple(ServerLog(str(row[0]), int(row[1])) for row in rows)


def _grant(connection: Connection) -> str:
    """Both names are spelt so that MySQL and MariaDB take them."""
    account = str(connection.execute(text("SELECT CURRENT_USER()")).scalar_one())
    user, _, host = account.rpartition("@")
    names = "'{}'@'{}'".format(*(part.replace("'", "''") for part in (user, host)))
    return f"GRANT REPLICATION SLAVE, REPLICATION CLIENT ON *.* TO {names};"
