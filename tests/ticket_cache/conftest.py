"""A private Redis server in the place of the service's cache."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from tests.jobs.conftest import app, make_app
from tests.servers import find
from tests.servers.missing import missing
from tests.servers.redis_server import PrivateRedis

__all__ = ["app", "make_app"]


@pytest.fixture(scope="session")
def _redis_server() -> Iterator[PrivateRedis]:
    with PrivateRedis(find.redis() or missing("redis")) as server:
        yield server


@pytest.fixture
def redis_server(_redis_server: PrivateRedis) -> Iterator[PrivateRedis]:
    """It runs and is empty."""
    _redis_server.thaw()
    if not _redis_server.is_running:
        _redis_server.start()
    with _redis_server.client() as client:
        client.flushall()
    yield _redis_server
    _redis_server.thaw()


def entries(server: PrivateRedis) -> dict[str, str]:
    """What the cache holds."""
    with server.client() as client:
        keys: Any = client.keys("*")
        found = {key.decode(): client.get(key) for key in keys}
        return {key: value.decode() for key, value in found.items() if value is not None}
