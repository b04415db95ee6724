"""A real Prometheus scrapes a running scheduler: alerts fire by their faults, and resolve."""

from __future__ import annotations

import json
import re
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from threading import Event, Thread

import pytest

from tests.crash.processes import wait_until
from tests.depth import deep
from tests.metrics.alert_faults import NOT_MADE, STAGES, USUAL_STAGES, Fault, an_event_waits
from tests.metrics.monitored_site import MonitoredSite, monitored_site
from tests.metrics.prometheus_server import PrivatePrometheus, quick_query, quick_rules
from tests.servers import find
from tests.servers.brokers.rabbitmq import PrivateBroker
from tests.servers.install.notice import say
from tests.servers.install.prometheus_unpack import find_prometheus
from tests.servers.missing import missing

FOLDER = Path(__file__).resolve().parents[2] / "deploy" / "monitoring"
RULES = (FOLDER / "savctl.rules.yml").read_text("utf-8")
NOTICED_WITHIN = 60.0


@dataclass(slots=True)
class Record:
    """What was seen while everything was broken and mended, stage by stage."""

    noticed: dict[Fault, float] = field(default_factory=dict)
    missed: list[str] = field(default_factory=list)
    not_resolved: list[str] = field(default_factory=list)
    without_broker: list[str] = field(default_factory=list)
    empty_queries: set[str] = field(default_factory=lambda: set(dashboard_queries()))


def dashboard_queries() -> list[str]:
    panels = json.loads((FOLDER / "grafana-dashboard.json").read_text("utf-8"))["panels"]
    return [target["expr"] for panel in panels for target in panel["targets"]]


@pytest.fixture(scope="module")
def record(broker_server: PrivateBroker, tmp_path_factory: pytest.TempPathFactory) -> Record:
    """Break everything and mend it, once for all tests; then say how fast it was noticed."""
    programs = find_prometheus() or missing("prometheus")
    database_programs = find.mariadb() or missing("mariadb")
    broker_server.heal()
    found = Record()
    folder = tmp_path_factory.mktemp("watched")
    with monitored_site(database_programs, broker_server, folder) as site:
        targets = {"savctl": site.address, "node": site.text_server.address}
        with PrivatePrometheus(programs, rules=quick_rules(RULES), targets=targets) as prometheus:
            wait_until(lambda: prometheus.query("savctl_up == 1"), what="the first scrape")
            for stage in deep(STAGES, usual=USUAL_STAGES):
                break_and_mend(site, prometheus, stage, found)
            found.without_broker = firing_without_broker(site, prometheus)
    for fault, seconds in found.noticed.items():
        say(f"{fault.alert}: {fault.fault}: {seconds:.1f} s")
    return found


def test_every_alert_has_a_fault_or_a_reason_why_not() -> None:
    alerts = re.findall(r"- alert: (\w+)", RULES)
    made = [fault.alert for stage in STAGES for fault in stage]

    assert sorted([*made, *NOT_MADE]) == sorted(alerts)


@pytest.mark.slow("every fault is made, noticed by a real Prometheus, and mended")
@pytest.mark.timeout(300)
def test_each_alert_fires_by_its_fault_and_resolves_when_it_is_mended(record: Record) -> None:
    assert record.missed == []
    assert record.not_resolved == []


@pytest.mark.slow("every fault is made, noticed by a real Prometheus, and mended")
@pytest.mark.timeout(300)
def test_events_that_wait_where_no_broker_is_configured_are_no_fault(record: Record) -> None:
    assert not [name for name in record.without_broker if name.startswith("SavctlEvents")]


@pytest.mark.deep
@pytest.mark.slow("every fault is made, noticed by a real Prometheus, and mended")
@pytest.mark.timeout(300)
def test_each_query_of_the_dashboard_has_data(record: Record) -> None:
    assert record.empty_queries == set()


def break_and_mend(
    site: MonitoredSite, prometheus: PrivatePrometheus, stage: Sequence[Fault], record: Record
) -> None:
    """Make all faults of a stage, wait for their alerts; mend all, wait for the alerts' ends."""
    made: dict[Fault, float] = {}
    over = Event()

    def look_on() -> None:
        while not over.wait(0.2):
            for fault in firing_of(prometheus, list(made)):
                record.noticed.setdefault(fault, time.monotonic() - made[fault])

    looker = Thread(target=look_on)  # what fails once is remembered for a while only
    looker.start()
    try:
        for fault in stage:
            made[fault] = time.monotonic()
            fault.make(site)
            made[fault] = time.monotonic()
        left = until_none(lambda: [fault for fault in stage if fault not in record.noticed])
        record.missed += [fault.alert for fault in left]
    finally:
        over.set()
        looker.join()
    look_at_dashboard(prometheus, record)
    for fault in stage:
        fault.mend(site)
    left = until_none(partial(firing_of, prometheus, stage))
    record.not_resolved += [fault.alert for fault in left]
    look_at_dashboard(prometheus, record)


def firing_without_broker(site: MonitoredSite, prometheus: PrivatePrometheus) -> list[str]:
    """What fires once an old event has waited for a while, and the settings name no broker."""
    site.stop_scheduler()
    an_event_waits(site)
    site.start_scheduler(SAVCTL_BROKER_URL="")
    waits = "(savctl_events_oldest_age_seconds > 900 and savctl_broker_configured == 0)"
    wait_until(
        lambda: prometheus.query(f"count_over_time({waits}[8s:1s]) >= 6"),
        what="an old event that is seen for some seconds",
    )
    return [one.name for one in prometheus.firing()]


def look_at_dashboard(prometheus: PrivatePrometheus, record: Record) -> None:
    """Forget the queries that have data now; not a number is none."""
    for query in list(record.empty_queries):
        values = [series["value"][1] for series in prometheus.query(quick_query(query))]
        if set(values) - {"NaN"}:
            record.empty_queries.remove(query)


def firing_of(prometheus: PrivatePrometheus, stage: Sequence[Fault]) -> list[Fault]:
    """The faults of a stage whose alerts fire now."""
    firing = prometheus.firing()
    return [
        fault
        for fault in stage
        if any(
            one.name == fault.alert and set(fault.labels) <= set(one.labels.items())
            for one in firing
        )
    ]


def until_none(look: Callable[[], list[Fault]]) -> list[Fault]:
    """Look until nothing is left, or for long enough; what was left."""
    give_up = time.monotonic() + NOTICED_WITHIN
    while (left := look()) and time.monotonic() < give_up:
        time.sleep(0.2)
    return left
