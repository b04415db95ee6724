"""`doctor` on a Galera cluster: what holds where each node has a clock of its own."""

from __future__ import annotations

import pytest

from savctl.persistence import health
from savctl.persistence.engine import Database
from savctl.ports import SetClock
from savctl.usecases.doctor.cluster import CLUSTER
from savctl.usecases.doctor.diagnosis import Level, Patient, Sign, diagnose


def cluster_signs(database: Database, clock: SetClock, **more: int) -> list[Sign]:
    patient = Patient(database=database, clock=clock, **more)  # type: ignore[arg-type]
    return [sign for sign in diagnose(patient, CLUSTER).signs if sign.check == "cluster"]


def test_a_single_server_is_no_cluster(database: Database, clock: SetClock) -> None:
    assert cluster_signs(database, clock) == []


@pytest.mark.only_on("sqlite")
def test_a_cluster_is_told_how_far_its_clocks_may_differ_and_what_holds_beyond(
    database: Database, clock: SetClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(health, "galera_nodes", lambda _: 3)

    [sign] = cluster_signs(database, clock, lease_seconds=120)

    assert sign.level is Level.OK
    assert "Galera, 3 nodes" in sign.found
    assert "less than 20 s" in sign.found
    assert "the fence alone holds" in sign.found
