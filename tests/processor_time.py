"""What thousands of tests in one process need not do again and again.

A pytest plugin, loaded by tests/conftest.py. Each test and each command line called in a test
makes an engine of its own, and SQLAlchemy keeps compiled statements for one engine only: every
sixth second of a run went into compiling the same ones again, every twelfth into looking for
garbage among the tests collected.
"""

from __future__ import annotations

import gc
from collections.abc import Generator, Hashable, MutableMapping
from typing import Any

import pytest
from sqlalchemy import Connection, Engine, event
from sqlalchemy.engine.default import DefaultDialect
from sqlalchemy.util import LRUCache

_KEPT = 5_000
_OBJECTS = 100_000  # made since the last look for garbage; Python's own number is 700

_compiled: MutableMapping[Any, Any] = LRUCache(_KEPT)
_connected: set[Engine] = set()  # in the test that runs


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
    _connected.add(connection.engine)


def _hash(dialect: DefaultDialect) -> int:
    return hash(_identity(dialect))


def _is_alike(dialect: DefaultDialect, other: object) -> bool:
    return isinstance(other, DefaultDialect) and _identity(dialect) == _identity(other)


def pytest_configure() -> None:
    """Look for garbage less often; let every engine share what was compiled."""
    gc.set_threshold(_OBJECTS, 50, 100)
    event.listen(Engine, "engine_connect", _keep)
    DefaultDialect.__hash__ = _hash  # type: ignore[assignment, method-assign]
    DefaultDialect.__eq__ = _is_alike  # type: ignore[method-assign, assignment]


def pytest_collection_finish() -> None:
    """The tests themselves are no garbage."""
    gc.collect()
    gc.freeze()


@pytest.hookimpl(wrapper=True)
def pytest_runtest_teardown() -> Generator[None]:
    """End the connections that a test forgot: a compiled statement keeps its engine alive.

    To a restore in place each of them would be somebody who uses the database.
    """
    try:
        yield
    finally:
        while _connected:
            _connected.pop().dispose()
