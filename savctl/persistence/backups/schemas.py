"""Whole schemas of a server: is it empty, make, drop, who else is there (rules 17.3, 17.4)."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import Connection, text

from savctl.domain.encryption.codec import MetadataCodec
from savctl.persistence.engine import Database
from savctl.persistence.schema.server_info import server_of
from savctl.persistence.sql import quoted_name

_OBJECTS = (
    "SELECT TABLE_NAME FROM information_schema.TABLES WHERE TABLE_SCHEMA = :name UNION ALL "
    "SELECT ROUTINE_NAME FROM information_schema.ROUTINES WHERE ROUTINE_SCHEMA = :name LIMIT 1"
)
_NEEDED = ("SELECT", "SHOW VIEW", "TRIGGER", "EVENT")


def of_schema(database: Database, name: str, *, codec: MetadataCodec | None = None) -> Database:
    """The database of another name on the same server."""
    url = database.url.set(database=name).render_as_string(hide_password=False)
    return Database(url, codec=codec or database.codec)


def exists(connection: Connection, name: str) -> bool:
    """Whether the schema is there."""
    query = text("SELECT 1 FROM information_schema.SCHEMATA WHERE SCHEMA_NAME = :name")
    return connection.execute(query, {"name": name}).first() is not None


def has_objects(connection: Connection, name: str) -> bool:
    """Whether a table, view or routine is in it."""
    return connection.execute(text(_OBJECTS), {"name": name}).first() is not None


def create(connection: Connection, name: str) -> None:
    """Make a schema, collated as the specification has it."""
    connection.execute(
        text(
            f"CREATE DATABASE {quoted_name(connection, name)} "
            "CHARACTER SET utf8mb4 COLLATE utf8mb4_unicode_ci"
        )
    )


def drop(connection: Connection, name: str) -> None:
    """Drop a schema with everything in it; one that is not there is done."""
    connection.execute(text(f"DROP DATABASE IF EXISTS {quoted_name(connection, name)}"))


def empty(connection: Connection) -> None:
    """Drop every table and view of this connection's own schema."""
    connection.execute(text("SET FOREIGN_KEY_CHECKS = 0"))
    rows = connection.execute(
        text(
            "SELECT TABLE_NAME, TABLE_TYPE FROM information_schema.TABLES "
            "WHERE TABLE_SCHEMA = DATABASE()"
        )
    ).all()
    for name, kind in rows:
        what = "VIEW" if kind == "VIEW" else "TABLE"
        connection.execute(text(f"DROP {what} IF EXISTS {quoted_name(connection, name)}"))
    connection.execute(text("SET FOREIGN_KEY_CHECKS = 1"))


def others_connected(connection: Connection) -> Sequence[str]:
    """Who else uses this schema: `user@host`; without PROCESS only this user's own are seen."""
    rows = connection.execute(
        text(
            "SELECT USER, HOST FROM information_schema.PROCESSLIST "
            "WHERE DB = DATABASE() AND ID <> CONNECTION_ID() ORDER BY ID"
        )
    )
    return [f"{user}@{host}" for user, host in rows]


def missing_privileges(connection: Connection) -> Sequence[str]:
    """What a whole dump needs and this user has not; without TRIGGER triggers would be lost."""
    schema = str(connection.execute(text("SELECT DATABASE()")).scalar_one())
    granted = " ".join(
        grant.upper().partition(" TO ")[0]
        for grant in map(str, connection.execute(text("SHOW GRANTS")).scalars())
        if " ON *.*" in grant or _is_on(grant, schema)
    )
    if "ALL PRIVILEGES" in granted:
        return ()
    return [needed for needed in _NEEDED if needed not in granted]


def writes_binary_log(connection: Connection) -> bool:
    """Whether the server writes a binary log, so that a dump has a position in it."""
    row = connection.execute(text("SHOW GLOBAL VARIABLES LIKE 'log_bin'")).first()
    return row is not None and str(row[1]).upper() in {"ON", "1"}


def may_read_position(connection: Connection) -> bool:
    """Whether the dump client gets the position: MariaDB has it in the snapshot itself."""
    if not writes_binary_log(connection):
        return False
    if server_of(connection).family == "mariadb":
        return True
    grants = " ".join(map(str, connection.execute(text("SHOW GRANTS")).scalars())).upper()
    has_all = "ALL PRIVILEGES ON *.*" in grants
    return has_all or ("RELOAD" in grants and "REPLICATION CLIENT" in grants)


def _is_on(grant: str, schema: str) -> bool:
    """Whether a grant is about a schema; `_` and `%` in its name may be escaped or wild."""
    import re

    found = re.search(r" ON `((?:[^`]|``)+)`\.\* ", f"{grant} ")
    if found is None:
        return False
    pattern = re.escape(found[1].replace("\\", "")).replace("%", ".*").replace("_", ".")
    return re.fullmatch(pattern, schema) is not None
