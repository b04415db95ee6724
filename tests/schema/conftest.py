"""Databases that another program's migrations made."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from savctl.persistence.engine import Database
from tests.conftest import Servers
from tests.schema.privileges.grants import AWAY, statements
from tests.schema.support import load_laravel, run_sql
from tests.servers import find


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """What Laravel made is on a server."""
    if "server_kind" in metafunc.fixturenames:
        wanted = [kind for kind in ("mariadb", "mysql") if kind in find.wanted()]
        metafunc.parametrize("server_kind", wanted, scope="session")


@pytest.fixture
def laravel(server_kind: str, servers: Servers) -> Iterator[Database]:
    """The service's database, without anything of savctl's."""
    server = servers.of(server_kind)
    server.drop_database("adopt_laravel")
    database = Database(server.create_database("adopt_laravel"))
    load_laravel(database)
    yield database
    database.close()


@pytest.fixture
def granted(database: Database) -> Iterator[Database]:
    """The server after deploy/sql/grants.sql: an empty database, and both users."""
    run_sql(database, *AWAY, *statements())
    yield database
    run_sql(database, *AWAY)
