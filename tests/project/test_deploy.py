"""What deploy/ holds: units that systemd takes, and example settings that savctl takes."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from savctl.errors import ExitCode
from tests.conftest import Cli

DEPLOY = Path(__file__).resolve().parents[2] / "deploy"
UNITS = sorted((DEPLOY / "systemd").iterdir())
SERVICES = [unit for unit in UNITS if unit.suffix == ".service"]
pytestmark = pytest.mark.only_on("sqlite")


def values(unit: Path, name: str) -> list[str]:
    return re.findall(rf"^{name}=(.*)$", unit.read_text(encoding="utf-8"), re.MULTILINE)


def test_systemd_takes_every_unit_without_a_word(tmp_path: Path) -> None:
    if shutil.which("systemd-analyze") is None:
        pytest.skip("systemd-analyze is not installed")
    savctl = Path(sys.executable).with_name("savctl")
    for unit in UNITS:
        text = unit.read_text(encoding="utf-8").replace("/usr/local/bin/savctl", str(savctl))
        (tmp_path / unit.name).write_text(text, encoding="utf-8")

    done = subprocess.run(
        ["systemd-analyze", "verify", *(str(tmp_path / unit.name) for unit in UNITS)],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )

    assert (done.returncode, done.stdout + done.stderr) == (0, "")


@pytest.mark.parametrize("unit", SERVICES, ids=lambda unit: unit.name)
def test_a_service_has_a_network_a_user_a_folder_and_its_settings(unit: Path) -> None:
    assert values(unit, "After") == ["network-online.target"]
    assert values(unit, "User") == ["savctl"]
    assert values(unit, "StateDirectory") == ["savctl"]
    assert values(unit, "EnvironmentFile") == ["-/etc/savctl/environment"]
    assert values(unit, "ProtectSystem") == ["strict"]


def test_the_scheduler_comes_back_after_a_reboot_and_its_stop_is_no_failure() -> None:
    scheduler = DEPLOY / "systemd" / "savctl.service"

    assert values(scheduler, "WantedBy") == ["multi-user.target"]
    assert values(scheduler, "SuccessExitStatus") == [str(int(ExitCode.TERMINATED))]
    assert values(scheduler, "Restart") == ["always"]


@pytest.mark.parametrize("unit", SERVICES, ids=lambda unit: unit.name)
def test_what_a_service_runs_is_a_command(cli: Cli, unit: Path) -> None:
    (line,) = values(unit, "ExecStart")

    assert cli(*line.split()[1:], "--help").code == 0


def test_the_example_environment_is_right_and_used_whole(
    cli: Cli, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("SAVCTL_DATABASE_URL")
    for line in (DEPLOY / "environment.example").read_text(encoding="utf-8").splitlines():
        name, equals, value = line.partition("=")
        if equals and not line.startswith("#"):
            if name.endswith("_FILE"):
                secret = tmp_path / name
                secret.write_text("secret\n", encoding="utf-8")
                value = str(secret)
            monkeypatch.setenv(name, value)

    checked = cli("config", "check", "-o", "json")

    assert checked.code == 0, checked.err
    assert (json.loads(checked.out)["unused"], checked.err) == ([], "")


def test_the_example_file_is_right(cli: Cli, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("SAVCTL_DATABASE_URL")

    checked = cli("config", "check", "--config", DEPLOY / "savctl.toml.example", "-o", "json")

    assert (checked.code, checked.err) == (0, "")
    assert json.loads(checked.out)["given"] >= 10
