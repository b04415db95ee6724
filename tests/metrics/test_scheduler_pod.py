"""The scheduler as its pod runs it: its words, and the settings of its ConfigMap, all together."""

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
CONFIG = KUBERNETES / "base" / "config.yaml"


def words_of_the_pod(address: str) -> list[str]:
    """What the container runs, with its metrics at this address."""
    [deployment] = parsed(SCHEDULER.read_text(encoding="utf-8"))
    args: list[str] = deployment["spec"]["template"]["spec"]["containers"][0]["args"]
    return [address if word == "0.0.0.0:9464" else word for word in args]


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


@pytest.mark.slow("a scheduler in a process of its own")
@pytest.mark.only_on("mariadb", "mysql")
def test_it_starts_serves_its_metrics_and_ends_when_it_is_asked_to(
    database: Database, tmp_path: Path
) -> None:
    address = f"{LOOPBACK}:{free_port()}"
    environment = {
        **settings_of_the_pod(tmp_path, database),
        "PATH": os.environ["PATH"],
        "SAVCTL_HOME": str(tmp_path),
    }
    with running(environment, *words_of_the_pod(address)) as scheduler:
        wait_until(lambda: not scheduler.is_alive() or is_alive(address), what="its /healthz")
        scheduler.send_signal(signal.SIGTERM)
        code, _, err = ended(scheduler)

    lines = [json.loads(line) for line in err.splitlines()]
    assert code == 143, err
    assert {"event": "metrics_served", "url": f"http://{address}"}.items() <= lines[0].items()
    assert "Traceback" not in err


def is_alive(address: str) -> bool:
    with suppress(OSError), urllib.request.urlopen(f"http://{address}/healthz", timeout=5) as got:
        return bool(got.status == 200)
    return False
