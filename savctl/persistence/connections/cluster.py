"""Whether writes also come in through other nodes, where a lock of this one is not seen."""

from __future__ import annotations

from sqlalchemy import Connection, Engine, event, text

_IS_CLUSTER = "savctl_is_cluster"  # in `Connection.info`, which lives as long as the connection
_QUERY = text(
    "SHOW GLOBAL VARIABLES WHERE Variable_name IN ('wsrep_on', 'group_replication_group_name')"
)


def is_cluster(connection: Connection) -> bool:
    """Whether the server is a node of a Galera cluster or of a replication group.

    Asked once for each connection: the next one may reach another server.
    """
    if connection.dialect.name == "sqlite":
        return False
    info = connection.info
    if _IS_CLUSTER not in info:
        info[_IS_CLUSTER] = any(_is_set(str(row[1])) for row in connection.execute(_QUERY))
    return bool(info[_IS_CLUSTER])


def take_as_cluster(engine: Engine, is_one: bool) -> None:
    """Ask no server of this pool: the settings say what it is."""

    @event.listens_for(engine, "connect")
    def note(_: object, record: object) -> None:
        record.info[_IS_CLUSTER] = is_one  # type: ignore[attr-defined]


def _is_set(value: str) -> bool:
    return value.upper() not in {"", "OFF", "0"}
