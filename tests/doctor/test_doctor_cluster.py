"""`doctor` on a Galera cluster: what holds where each node has a clock of its own."""

from __future__ import annotations

from datetime import timedelta

import pytest

from savctl.config.values import database_nodes
from savctl.persistence.clock_guard import ClockGuard
from savctl.persistence.engine import Database
from savctl.persistence.schema import server_info
from savctl.ports import SetClock
from savctl.usecases.doctor.checks import CheckLevel, CheckResult, Environment, diagnose
from savctl.usecases.doctor.cluster import CLUSTER
from tests.servers.ports import free_port


def cluster_signs(database: Database, clock: SetClock, **more: int) -> list[CheckResult]:
    environment = Environment(database=database, clock=clock, **more)  # type: ignore[arg-type]
    return [sign for sign in diagnose(environment, CLUSTER).results if sign.check == "cluster"]


def test_a_single_server_is_no_cluster(database: Database, clock: SetClock) -> None:
    assert cluster_signs(database, clock) == []


@pytest.mark.only_on("sqlite")
def test_a_cluster_is_reported_how_far_its_clocks_may_differ_and_what_holds_beyond(
    database: Database, clock: SetClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(server_info, "galera_nodes", lambda _: 3)

    [sign] = cluster_signs(database, clock, lease_seconds=120)

    assert sign.level is CheckLevel.OK
    assert "Galera, 3 nodes" in sign.found
    assert "less than 20 s" in sign.found
    assert "the fence alone holds" in sign.found


def node_signs(database: Database, clock: SetClock, *nodes: Database) -> list[CheckResult]:
    environment = Environment(database=database, clock=clock, nodes=nodes)
    return [sign for sign in diagnose(environment, CLUSTER).results if sign.check == "node"]


@pytest.mark.only_on("mariadb", "mysql")
def test_each_node_that_is_named_is_looked_at(database: Database, clock: SetClock) -> None:
    there = database.at_node(f"127.0.0.1:{database.url.port}")
    away = database.at_node(f"127.0.0.1:{free_port()}")

    signs = node_signs(database, clock, there, away)

    assert [sign.level for sign in signs] == [CheckLevel.OK, CheckLevel.ERROR]
    assert "answers" in signs[0].found
    assert "does not answer" in signs[1].found


@pytest.mark.only_on("mariadb")
def test_nodes_whose_clocks_are_apart_are_an_error(
    database: Database, clock: SetClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    nodes = [
        database.at_node(f"{host}:{database.url.port}") for host in ("127.0.0.1", "localhost")
    ]
    skews = iter([timedelta(), timedelta(seconds=11)])
    monkeypatch.setattr(ClockGuard, "skew", lambda *_: next(skews))

    *signs, apart = node_signs(database, clock, *nodes)

    assert [sign.level for sign in signs] == [CheckLevel.OK] * 2
    assert apart.level is CheckLevel.ERROR
    assert "11.0 s ahead" in apart.found


@pytest.mark.parametrize("text", ["sav:pw@db:3306", "db:0", "db/x", "db:99999"])
def test_a_node_is_a_host_and_a_port(text: str) -> None:
    with pytest.raises(ValueError, match="host:port"):
        database_nodes(text)
