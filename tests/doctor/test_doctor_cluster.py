"""`doctor` on a Galera cluster: what holds where each node has a clock of its own."""

from __future__ import annotations

import pytest

from savctl.persistence.engine import Database
from savctl.persistence.schema import server_info
from savctl.ports import SetClock
from savctl.usecases.doctor.checks import CheckLevel, CheckResult, Environment, diagnose
from savctl.usecases.doctor.cluster import CLUSTER


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
