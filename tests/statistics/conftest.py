"""A server that counts: performance_schema is on, the slow log writes its table."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing

import pytest

from savctl.persistence.engine import Database
from savctl.persistence.schema import versions
from tests.servers import find
from tests.servers.databases.mysql_family import PrivateServer
from tests.servers.missing import missing

COUNTING = (
    "--performance-schema=ON",
    "--slow-query-log=ON",
    "--log-output=TABLE",
    "--long-query-time=0.1",
)


@pytest.fixture(scope="session")
def counting_server(kind: str) -> Iterator[PrivateServer]:
    programs = find.programs(find.Family(kind))
    if programs is None:
        missing(kind)
    with PrivateServer(programs, options=COUNTING) as server:
        yield server


@pytest.fixture(scope="session")
def _counted_url(counting_server: PrivateServer) -> str:
    url = f"{counting_server.create_database('counted')}&ssl_disabled=true"
    with closing(Database(url)) as found:
        versions.upgrade(found, owner="tests")
    return url


@pytest.fixture
def counting(_counted_url: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[Database]:
    """A database of the present schema on it, which the command line uses as well."""
    monkeypatch.setenv("SAVCTL_DATABASE_URL", _counted_url)
    found = Database(_counted_url)
    with found.engine.connect() as connection:
        for statement in (
            "DELETE FROM support_tickets",
            "TRUNCATE mysql.slow_log",
            "TRUNCATE performance_schema.events_statements_summary_by_digest",
        ):
            connection.exec_driver_sql(statement)
        connection.commit()
    yield found
    found.close()
