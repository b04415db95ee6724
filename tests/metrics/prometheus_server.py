"""A private Prometheus that scrapes each second, with the alert rules of deploy/monitoring."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlencode
from urllib.request import urlopen

from tests.servers.install.prometheus_unpack import PrometheusPrograms
from tests.servers.ports import LOOPBACK, free_port
from tests.servers.private import PrivateProgram
from tests.servers.process import GuardedProcess

EVERY_SECONDS = 1
SPAN = "20s"  # in the place of minutes, hours and days: so long is a fault remembered
_FOR = re.compile(r"^( +for:) \S+$", re.MULTILINE)
_RANGE = re.compile(r"\[\d+[a-z]\]|(?<=offset )\d+[a-z]")


def quick_rules(rules: str) -> str:
    """The same rules, but every `for` is a second and every range a few; no limit is changed."""
    return quick_query(_FOR.sub(r"\1 1s", rules))


def quick_query(query: str) -> str:
    """The same query over a few seconds."""
    return _RANGE.sub(lambda found: f"[{SPAN}]" if found[0].startswith("[") else SPAN, query)


@dataclass(frozen=True, slots=True)
class FiringAlert:
    """One alert that fires."""

    name: str
    labels: Mapping[str, str]


class PrivatePrometheus(PrivateProgram):
    """One server; `with PrivatePrometheus(programs, rules=…, targets=…) as server:` runs it.

    Args:
        programs: what `find_prometheus()` answered.
        rules: the text of a file of rules.
        targets: host and port by the name of the scraped job.
    """

    PORT_TAKEN = (*PrivateProgram.PORT_TAKEN, "address already in use")

    def __init__(
        self, programs: PrometheusPrograms, *, rules: str, targets: Mapping[str, str]
    ) -> None:
        super().__init__("prometheus")
        self._program = programs.server
        self._rules = rules
        self._targets = targets

    def firing(self) -> list[FiringAlert]:
        """Every alert that fires now."""
        return [
            FiringAlert(one["labels"]["alertname"], one["labels"])
            for one in self._asked("alerts")["alerts"]
            if one["state"] == "firing"
        ]

    def query(self, expression: str) -> Sequence[Mapping[str, Any]]:
        """The series that a query answers now."""
        found: Sequence[Mapping[str, Any]] = self._asked("query", query=expression)["result"]
        return found

    def _asked(self, what: str, **parameters: str) -> Any:
        url = f"http://{LOOPBACK}:{self.port}/api/v1/{what}?{urlencode(parameters)}"
        with urlopen(url, timeout=10) as answer:
            return json.load(answer)["data"]

    def _furnish(self) -> None:
        every = f"{EVERY_SECONDS}s"
        jobs = [
            {"job_name": name, "honor_labels": True, "static_configs": [{"targets": [target]}]}
            for name, target in self._targets.items()
        ]
        config = {
            "global": {"scrape_interval": every, "evaluation_interval": every},
            "rule_files": ["rules.yml"],
            "scrape_configs": jobs,
        }
        (self.folder / "prometheus.yml").write_text(json.dumps(config), "utf-8")  # JSON is YAML
        (self.folder / "rules.yml").write_text(self._rules, "utf-8")

    def _choose_ports(self) -> int:
        return free_port()

    def _launch(self) -> GuardedProcess:
        command = [
            str(self._program),
            f"--config.file={self.folder}/prometheus.yml",
            f"--storage.tsdb.path={self._data}",
            f"--web.listen-address={LOOPBACK}:{self.port}",
        ]
        return GuardedProcess(command, folder=self.folder, log=self.folder / "log")

    def _answers(self) -> bool:
        with suppress(OSError):
            return bool(self._asked("status/flags")["storage.tsdb.path"] == str(self._data))
        return False

    @property
    def _data(self) -> Path:
        return self.folder / "data"
