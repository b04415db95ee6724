"""Statements are compiled once for each kind of server, as in a program with one engine.

Each test and each command line called in a test makes an engine of its own, and SQLAlchemy keeps
compiled statements for one engine only: an eighth of the time of a run went into compiling the
same ones again.
"""

from __future__ import annotations

from collections.abc import Hashable, MutableMapping
from typing import Any

from sqlalchemy import Connection, Engine, event
from sqlalchemy.engine.default import DefaultDialect
from sqlalchemy.util import LRUCache

_KEPT = 5_000

_compiled: MutableMapping[Any, Any] = LRUCache(_KEPT)


def _identity(dialect: DefaultDialect) -> Hashable:
    """What the text of a statement depends on, besides the statement."""
    return (
        type(dialect),
        dialect.server_version_info,
        getattr(dialect, "_server_ansiquotes", None),
        getattr(dialect, "is_mariadb", None),
    )


def _keep(connection: Connection) -> None:
    connection.engine._compiled_cache = _compiled


def _hash(dialect: DefaultDialect) -> int:
    return hash(_identity(dialect))


def _is_alike(dialect: DefaultDialect, other: object) -> bool:
    return isinstance(other, DefaultDialect) and _identity(dialect) == _identity(other)


def pytest_configure() -> None:
    """Let every engine of this process share what was compiled."""
    event.listen(Engine, "engine_connect", _keep)
    DefaultDialect.__hash__ = _hash  # type: ignore[assignment, method-assign]
    DefaultDialect.__eq__ = _is_alike  # type: ignore[method-assign, assignment]
