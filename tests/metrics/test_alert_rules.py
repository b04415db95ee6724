"""deploy/monitoring: rules that Prometheus takes, each fired once, each with its section."""

from __future__ import annotations

import json
import re
import subprocess
from pathlib import Path

import pytest

from savctl.usecases.metrics.catalogue import families
from tests.conftest import Cli
from tests.servers.install.prometheus_unpack import find_prometheus
from tests.servers.missing import missing

PROJECT = Path(__file__).resolve().parents[2]
FOLDER = PROJECT / "deploy" / "monitoring"
RULES = FOLDER / "savctl.rules.yml"
UNIT_TESTS = tuple(sorted(FOLDER.glob("savctl.rules*.test.yml")))


@pytest.fixture(scope="session")
def promtool() -> Path:
    """The program that checks rules and metrics."""
    programs = find_prometheus() or missing("prometheus")
    return programs.tool


def test_prometheus_takes_the_rules(promtool: Path) -> None:
    assert ran(promtool, "check", "rules", RULES.name)[0] == 0


@pytest.mark.slow("evaluates a day of samples")
def test_each_alert_fires_by_its_fault_and_not_without(promtool: Path) -> None:
    code, shown = ran(promtool, "test", "rules", *(file.name for file in UNIT_TESTS))

    assert code == 0, shown
    text = "".join(file.read_text("utf-8") for file in UNIT_TESTS)
    tested = re.findall(r"alertname: (\w+)", text)
    assert [name for name in alerts() if tested.count(name) < 2] == []


def test_prometheus_finds_nothing_wrong_with_the_metrics(promtool: Path, cli: Cli) -> None:
    shown = cli("metrics").out

    assert ran(promtool, "check", "metrics", stdin=shown) == (0, "")


def test_each_alert_names_its_section_and_metrics_that_exist() -> None:
    runbook = (PROJECT / "docs" / "runbook.md").read_text("utf-8")
    rules = RULES.read_text("utf-8")

    assert len(alerts()) >= 30
    page = (PROJECT / "docs" / "monitoring.md").read_text("utf-8")
    for name in alerts():
        assert page.count(f"| {name} |") == 1
        assert f"\n### {name}\n" in runbook
        assert f"runbook: docs/runbook.md#{name.lower()}\n" in rules
    known = {family.name for family in families()} | {"savctl_event_confirm_seconds_bucket"}
    assert set(re.findall(r"savctl_[a-z_]+", rules)) <= known


@pytest.mark.parametrize("file", ["deploy/monitoring/prometheus.example.yml", "compose.yaml"])
def test_a_scrape_keeps_the_label_job_of_savctl(file: str) -> None:
    text = (PROJECT / file).read_text("utf-8")

    scrapes = re.findall(r"- job_name: \w+\n(?:.*\n){,3}", text)
    assert scrapes
    assert all("honor_labels: true" in scrape for scrape in scrapes)


def test_prometheus_reads_every_query_of_the_dashboard(promtool: Path, tmp_path: Path) -> None:
    panels = json.loads((FOLDER / "grafana-dashboard.json").read_text("utf-8"))["panels"]
    queries = [target["expr"] for panel in panels for target in panel["targets"]]
    rules = [{"record": f"panel:{n}", "expr": query} for n, query in enumerate(queries)]
    file = tmp_path / "panels.json"  # JSON is YAML
    file.write_text(json.dumps({"groups": [{"name": "panels", "rules": rules}]}), "utf-8")

    code, shown = ran(promtool, "check", "rules", str(file))

    assert code == 0, shown
    known = {family.name for family in families()} | {"savctl_event_confirm_seconds_bucket"}
    assert set(re.findall(r"savctl_[a-z_]+", " ".join(queries))) <= known


def alerts() -> list[str]:
    return re.findall(r"- alert: (\w+)", RULES.read_text("utf-8"))


def ran(program: Path, *words: str, stdin: str = "") -> tuple[int, str]:
    done = subprocess.run(
        [program, *words], input=stdin, capture_output=True, text=True, cwd=FOLDER, check=False
    )
    return done.returncode, done.stdout + done.stderr
