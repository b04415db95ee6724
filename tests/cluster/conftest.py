"""A Galera cluster of three nodes, and savctl on each of them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import pytest

from savctl.persistence.engine import Database
from savctl.persistence.schema import versions
from savctl.persistence.schema.tables import metadata
from tests.servers import find
from tests.servers.galera.cluster import PrivateGalera
from tests.servers.galera.lan import why_impossible
from tests.servers.galera.unpack import library
from tests.servers.missing import missing


@pytest.fixture(scope="session")
def _cluster() -> Iterator[PrivateGalera]:
    programs, provider = find.mariadb(), library()
    if programs is None or provider is None or why_impossible() is not None:
        missing("galera")
    with PrivateGalera(programs, provider) as cluster:
        cluster.nodes[0].ask(
            "CREATE DATABASE savctl_test CHARACTER SET utf8mb4 COLLATE utf8mb4_unicode_ci"
        )
        first = Database(cluster.nodes[0].url("savctl_test"))
        versions.upgrade(first, owner="tests")
        first.close()
        yield cluster


@pytest.fixture
def galera(_cluster: PrivateGalera) -> Iterator[PrivateGalera]:
    """Three nodes that take part, whatever the test before did, with empty tables."""
    _cluster.heal()
    for name in sorted(metadata.tables):
        if name not in {"savctl_meta", "savctl_alembic_version"}:
            _cluster.nodes[0].ask(f"DELETE FROM savctl_test.{name}")
    _cluster.wait_until_whole()
    yield _cluster
    _cluster.heal()


@pytest.fixture
def nodes(galera: PrivateGalera) -> Iterator[Sequence[Database]]:
    """The same database through each node."""
    found = [Database(node.url("savctl_test")) for node in galera.nodes]
    yield found
    for each in found:
        each.close()
