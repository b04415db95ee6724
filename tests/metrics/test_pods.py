"""What the pods run: their words, and the settings of the ConfigMap, all together."""

from __future__ import annotations

import json
import os
import signal
import urllib.request
from contextlib import suppress
from pathlib import Path

import pytest

from savctl.persistence.engine import Database
from tests.crash.processes import ended, running, wait_until
from tests.project.test_manifests import KUBERNETES, parsed
from tests.servers.ports import LOOPBACK, free_port

SCHEDULER = KUBERNETES / "overlays" / "schedulers" / "scheduler.yaml"
ENDING = [
    KUBERNETES / "base" / "migrate.yaml",
    KUBERNETES / "overlays" / "cronjobs" / "doctor.yaml",
    KUBERNETES / "overlays" / "cronjobs" / "tick.yaml",
]
CONFIG = KUBERNETES / "base" / "config.yaml"


pytestmark = [
    pytest.mark.slow("each pod is a process of its own"),
    pytest.mark.only_on("mariadb", "mysql"),
]


def words_of(manifest: Path) -> list[str]:
    """What the container of a workload runs."""
    [workload] = [one for one in parsed(manifest.read_text(encoding="utf-8")) if "spec" in one]
    spec = workload["spec"]
    pod = spec.get("jobTemplate", workload)["spec"]["template"]["spec"]
    words: list[str] = pod["containers"][0]["args"]
    return words


def settings_of_the_pod(folder: Path, database: Database) -> dict[str, str]:
    """The ConfigMap; its secrets in files of this folder, every server but the database away."""
    [config] = parsed(CONFIG.read_text(encoding="utf-8"))
    settings = dict(config["data"])
    for name in [name for name in settings if name.endswith("_FILE")]:
        settings[name] = str(folder / name)
        Path(settings[name]).write_text("secret", encoding="utf-8")
    url = database.url
    Path(settings["DB_PASSWORD_FILE"]).write_text(url.password or "", encoding="utf-8")
    settings |= {
        "DB_HOST": str(url.host),
        "DB_PORT": str(url.port),
        "DB_DATABASE": str(url.database),
        "DB_USERNAME": str(url.username),
        "RABBITMQ_HOST": LOOPBACK,
        "RABBITMQ_PORT": str(free_port()),
        "AWS_ENDPOINT": f"http://{LOOPBACK}:{free_port()}",
    }
    return settings


@pytest.fixture
def environment(database: Database, tmp_path: Path) -> dict[str, str]:
    return {
        **settings_of_the_pod(tmp_path, database),
        "PATH": os.environ["PATH"],
        "SAVCTL_HOME": str(tmp_path),
    }


def test_a_scheduler_serves_its_metrics_and_ends_when_it_is_asked_to(
    environment: dict[str, str],
) -> None:
    address = f"{LOOPBACK}:{free_port()}"
    words = [address if word == "0.0.0.0:9464" else word for word in words_of(SCHEDULER)]
    with running(environment, *words) as scheduler:
        wait_until(lambda: not scheduler.is_alive() or is_alive(address), what="its /healthz")
        scheduler.send_signal(signal.SIGTERM)
        code, _, err = ended(scheduler)

    lines = [json.loads(line) for line in err.splitlines()]
    assert code == 143, err
    assert {"event": "metrics_served", "url": f"http://{address}"}.items() <= lines[0].items()
    assert "Traceback" not in err


@pytest.mark.parametrize("manifest", ENDING, ids=lambda path: path.stem)
def test_what_ends_by_itself_writes_lines_of_a_log_and_meets_no_bug(
    environment: dict[str, str], manifest: Path
) -> None:
    with running(environment, *words_of(manifest)) as process:
        code, _, err = ended(process)

    assert code != 1, err
    assert all({"at", "level", "event"} <= set(json.loads(line)) for line in err.splitlines())


def is_alive(address: str) -> bool:
    with suppress(OSError), urllib.request.urlopen(f"http://{address}/healthz", timeout=5) as got:
        return bool(got.status == 200)
    return False
