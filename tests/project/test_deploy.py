"""What deploy/ holds: units, logrotate's file, and example settings that savctl takes."""

from __future__ import annotations

import grp
import json
import os
import pwd
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from savctl.errors import ExitCode
from tests.conftest import Cli

DEPLOY = Path(__file__).resolve().parents[2] / "deploy"
UNITS = sorted((DEPLOY / "systemd").glob("savctl*"))
SERVICES = [unit for unit in UNITS if unit.suffix == ".service"]
pytestmark = pytest.mark.only_on("sqlite")


def values(unit: Path, name: str) -> list[str]:
    return re.findall(rf"^{name}=(.*)$", unit.read_text(encoding="utf-8"), re.MULTILINE)


@pytest.fixture
def installed(tmp_path: Path) -> list[str]:
    """The units as a host has them: with a savctl that is there, and templates of one job."""
    if shutil.which("systemd-analyze") is None:
        pytest.skip("systemd-analyze is not installed")
    savctl = Path(sys.executable).with_name("savctl")
    for unit in UNITS:
        text = unit.read_text(encoding="utf-8").replace("/usr/local/bin/savctl", str(savctl))
        (tmp_path / unit.name.replace("@.", "@auto-close.")).write_text(text, encoding="utf-8")
    for service in tmp_path.glob("*.service"):
        (tmp_path / f"{service.name}.d").mkdir()
        shutil.copy(DEPLOY / "systemd" / "credentials.conf", f"{service}.d")
    return sorted(str(path) for path in tmp_path.iterdir() if path.is_file())


def test_systemd_takes_every_unit_without_a_word(installed: list[str]) -> None:
    done = subprocess.run(
        ["systemd-analyze", "verify", *installed],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )

    assert len(installed) == len(UNITS)
    assert (done.returncode, done.stdout + done.stderr) == (0, "")


def test_systemd_finds_no_service_exposed(installed: list[str]) -> None:
    for service in (path for path in installed if path.endswith(".service")):
        done = subprocess.run(
            ["systemd-analyze", "security", "--offline=true", "--threshold=20", service],
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
        assert done.returncode == 0, done.stdout[-200:]  # 2.0 of 10


def test_logrotate_takes_its_file(tmp_path: Path) -> None:
    logrotate = shutil.which("logrotate", path=f"{os.environ['PATH']}:/usr/sbin")
    if logrotate is None:
        pytest.skip("logrotate is not installed")
    user, group = pwd.getpwuid(os.getuid()).pw_name, grp.getgrgid(os.getgid()).gr_name
    text = (DEPLOY / "logrotate" / "savctl").read_text(encoding="utf-8")
    file = tmp_path / "savctl"
    file.write_text(text.replace("savctl adm", f"{user} {group}"), encoding="utf-8")
    file.chmod(0o644)

    done = subprocess.run(
        [logrotate, "-d", "-s", str(tmp_path / "state"), str(file)],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )

    assert done.returncode == 0, done.stderr
    assert "error" not in done.stderr
    assert "/var/log/savctl/*.log" in done.stderr


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

    assert cli(*line.replace("%i", "auto-close").split()[1:], "--help").code == 0


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
