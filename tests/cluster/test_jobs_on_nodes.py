"""Two hosts that run a job through two nodes, while nodes are killed and cut off."""

from __future__ import annotations

import os
import random
import sys
import threading
import time
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from savctl.config import load
from savctl.errors import AlreadyRunning, ConfigurationError, SavError
from savctl.persistence.engine import Database
from savctl.persistence.jobs.running import SlotTaken
from savctl.persistence.jobs.runs import StartedBy
from savctl.ports import system_clock
from savctl.scheduling.job import find_job
from savctl.scheduling.runner import Start, run_job
from tests.crash.processes import closed_traces, closings_in_histories, many_resolved
from tests.given import rows
from tests.jobs.conftest import OwnedApp
from tests.servers.galera.cluster import PrivateGalera

pytestmark = [
    pytest.mark.cluster,
    pytest.mark.timeout(3600),
]
FAULTS = int(os.environ.get("SAVCTL_TEST_FAULTS", "4"))
TICKETS_EACH = 40
FIRST_SLOT = datetime(2025, 10, 6, tzinfo=UTC)


class Host(threading.Thread):
    """Runs slot after slot through its node; what another host runs is left to it."""

    def __init__(self, url: str, name: str, folder: Path) -> None:
        super().__init__(name=name)
        settings = load({"SAVCTL_DATABASE_URL": url, "HOME": str(folder)})
        self.app = OwnedApp(
            replace(settings, lease_seconds=5, batch_size=5, closing_brake=1_000_000), system_clock
        )
        self.app.name = f"{name}:1"
        self.problems: list[str] = []
        self.is_over = threading.Event()

    def run(self) -> None:
        number = 0
        while not self.is_over.is_set():
            slot = FIRST_SLOT + timedelta(minutes=number)
            try:
                run_job(
                    find_job("close-resolved"), self.app, Start(by=StartedBy.SCHEDULER, slot=slot)
                )
            except SlotTaken:
                number += 1
            except AlreadyRunning:
                time.sleep(0.05)
            except ConfigurationError as problem:
                self.problems.append(problem.message)
                return
            except SavError as problem:  # the node is away: the slot goes on later, or elsewhere
                self.problems.append(problem.message)
                time.sleep(0.2)
            else:
                number += 1
        self.app.close()


def test_each_slot_is_run_once_and_nothing_is_lost_while_nodes_are_killed_and_cut_off(
    galera: PrivateGalera, nodes: Sequence[Database], tmp_path: Path
) -> None:
    watching, *others = galera.nodes
    hosts = [Host(node.url("savctl_test"), f"host{node.number}", tmp_path) for node in others]
    made = 0
    for host in hosts:
        host.start()
    try:
        for fault in range(FAULTS):
            many_resolved(nodes[0], TICKETS_EACH, first=made + 1)
            made += TICKETS_EACH
            time.sleep(random.uniform(0.1, 1.0))
            node = others[fault % 2]
            if fault % 4 < 2:
                node.crash()
            else:
                galera.lan.cut(node.number)
            time.sleep(random.uniform(1.0, 8.0))
            galera.heal()
        give_up = time.monotonic() + 120
        while rows(nodes[0], OPEN) and time.monotonic() < give_up:
            time.sleep(0.2)
    finally:
        for host in hosts:
            host.is_over.set()
        for host in hosts:
            host.join(120)
    assert watching.is_synced
    assert rows(nodes[0], OPEN) == []
    assert set(closings_in_histories(nodes[0])) == {1}
    assert closed_traces(nodes[0]) == (made, made, made, made)
    twice = rows(nodes[0], TWICE)
    runs = rows(nodes[0], "SELECT status, COUNT(*) AS n FROM savctl_runs GROUP BY status")
    failures = sum(len(host.problems) for host in hosts)
    sys.stdout.write(f"{FAULTS} faults, {made} tickets, runs {runs}, {failures} interruptions\n")
    assert twice == []
    assert not any("bug" in problem for host in hosts for problem in host.problems)


OPEN = "SELECT id FROM support_tickets WHERE status = 'resolved' LIMIT 1"
TWICE = (
    "SELECT scheduled_for FROM savctl_runs WHERE status = 'ok' GROUP BY job, scheduled_for "
    "HAVING COUNT(*) > 1"
)
