"""Settings: where the database is."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from savctl.config import values
from savctl.config.setting import setting


@dataclass(frozen=True, kw_only=True, init=False, repr=False, eq=False)
class DatabaseSettings:
    """Where the database is."""

    home: Path = setting(None, Path, "folder of the embedded database and files")
    embedded: bool = setting(
        False,
        values.yes,
        "without another database, the embedded one is meant, also for what runs unattended",
    )
    database_url: str = setting(
        None,
        values.database_url,
        "database; or DB_CONNECTION, DB_HOST, DB_PORT, DB_DATABASE, DB_USERNAME, DB_PASSWORD",
        secret=True,
    )
    database_cluster: str = setting(
        "auto",
        values.one_of("auto", "yes", "no"),
        "whether several nodes of the database take writes; auto: the server is asked",
    )
    database_nodes: tuple[str, ...] = setting(
        (),
        values.database_nodes,
        "nodes of the database's cluster, host:port each; doctor looks at every one of them",
    )
