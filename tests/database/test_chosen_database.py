"""Which database is meant: lost settings are no wish for an empty one (contract 2)."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import pytest

from tests.conftest import Cli

UNATTENDED = [
    ("job", "run", "auto-close", "--due"),
    ("scheduler", "tick", "--only", "cache-cleanup"),
    ("scheduler", "run"),
]
pytestmark = pytest.mark.only_on("sqlite")


@pytest.fixture
def nothing_set(cli: Cli, monkeypatch: pytest.MonkeyPatch) -> Cli:
    monkeypatch.delenv("SAVCTL_DATABASE_URL")
    monkeypatch.delenv("SAVCTL_HOME")
    return cli


@pytest.mark.parametrize("words", UNATTENDED, ids=" ".join)
def test_what_runs_unattended_wants_a_database_that_is_named(
    nothing_set: Cli, environment: dict[str, str], words: tuple[str, ...]
) -> None:
    outcome = nothing_set(*words, "-qo", "json")

    error = json.loads(outcome.err)["error"]
    assert (outcome.code, outcome.out, error["code"]) == (2, "", "configuration")
    assert "no database is configured" in error["message"]
    assert not Path(environment["HOME"]).exists()


@pytest.mark.parametrize("meant", ["SAVCTL_HOME", "SAVCTL_EMBEDDED", "home", "embedded", "url"])
def test_it_runs_when_somebody_confirmed_that_the_embedded_one_is_meant(
    nothing_set: Cli, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, meant: str
) -> None:
    lines = {"home": f"home = '{tmp_path}/h'", "embedded": "embedded = true"}
    if meant in lines:
        (tmp_path / "savctl.toml").write_text(lines[meant], encoding="utf-8")
    elif meant == "url":
        monkeypatch.setenv("SAVCTL_DATABASE_URL", f"sqlite:///{tmp_path}/own.db")
    else:
        monkeypatch.setenv(meant, "true" if meant == "SAVCTL_EMBEDDED" else str(tmp_path / "h"))

    outcomes = [nothing_set(*words) for words in UNATTENDED[:2]]

    assert [outcome.code for outcome in outcomes] == [0, 0]
    assert all("no database is configured" not in outcome.err for outcome in outcomes)


def test_a_person_reads_once_that_the_embedded_one_is_used(nothing_set: Cli) -> None:
    outcome = nothing_set("ticket", "list")

    line, empty = outcome.err.splitlines()
    assert (outcome.code, outcome.out, empty) == (0, "", "No tickets found.")
    assert "no database is configured" in line
    assert "share/savctl" in line
    assert nothing_set("ticket", "list", "--quiet").err == ""
    assert nothing_set("states").err == ""


def test_a_mistyped_home_is_named(
    nothing_set: Cli, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SAVCTL_HOME", str(tmp_path / "mistyped"))

    first, second = nothing_set("ticket", "list"), nothing_set("ticket", "list")

    made = f"made a new embedded database: {tmp_path}/mistyped/savctl.db"
    assert (first.code, first.err.splitlines()[0]) == (0, made)
    assert made not in second.err


def test_each_wrong_setting_has_a_line_in_the_same_order_every_time(
    cli: Cli, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SAVCTL_LEASE_SECONDS", "3")
    monkeypatch.setenv("SAVCTL_CLOSING_BRAKE", "many")
    monkeypatch.setenv("SAVCTL_LOG_FORMAT", "xml")

    for words in (("ticket", "list"), ("config", "check"), ("config", "show"), ("doctor",)):
        shown = cli(*words)
        lines = [line.split()[0] for line in shown.err.splitlines() if line.startswith("  ")]
        assert shown.code == 2
        assert lines[:3] == ["log_format", "closing_brake", "lease_seconds"]
    error = json.loads(cli("ticket", "list", "-o", "json").err)["error"]
    assert len(error["problems"]) == 3
    assert "must be from 5 to 3600" in error["message"]


def test_values_are_shown_as_they_are_written_in_a_file(cli: Cli) -> None:
    shown = {
        row["setting"]: row["value"] for row in json.loads(cli("config", "show", "-o", "json").out)
    }

    assert (shown["protected"], shown["storage_path_style"]) == ("false", "true")
    assert (shown["link_lifetime"], shown["clock_skew_limit"]) == ("15 min", "1 min")
    assert shown["auto_close_after"] == "7 days"


def test_the_places_of_the_file_are_listed_in_order(cli: Cli, tmp_path: Path) -> None:
    (tmp_path / "savctl.toml").write_text("batch_size = 5", encoding="utf-8")

    found = json.loads(cli("config", "path", "-o", "json").out)
    page = cli("config", "path").out.splitlines()

    assert (found["path"], found["exists"]) == ("savctl.toml", True)
    first, *_ = found["places"]
    assert first == {"path": str(tmp_path / "savctl.toml"), "state": "used"}
    assert found["places"][-1]["path"] == "/etc/savctl/savctl.toml"
    assert [line.split()[0] for line in page] == [place["path"] for place in found["places"]]


@pytest.mark.parametrize("form", ["table", "json"])
def test_a_name_that_is_no_setting_is_a_warning_and_an_error_of_config_check(
    cli: Cli, monkeypatch: pytest.MonkeyPatch, form: str
) -> None:
    for name in ("SAVCTL_AUTO_CLOSE_AFTR", "SAVCTL_TEST_DATABASES", "SAVCTL_SCHEDULE_AUTO_CLOSE"):
        monkeypatch.setenv(name, "*/5 * * * *")

    listed, checked = cli("ticket", "list", "-o", form), cli("config", "check", "-o", form)

    assert (listed.code, checked.code, checked.out) == (0, 2, "")
    for values in (listed.err, checked.err):
        assert len([line for line in values.splitlines() if "CLOSE_AFTR" in line]) == 1
        assert "did you mean SAVCTL_AUTO_CLOSE_AFTER?" in values
        assert "SAVCTL_TEST_DATABASES" not in values
        assert "SAVCTL_SCHEDULE" not in values


def test_config_check_looks_at_schedules_too(cli: Cli, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SAVCTL_SCHEDULE_AUTO_CLSE", "* * * * *")
    monkeypatch.setenv("SAVCTL_SCHEDULE_ARCHIVE", "99 * * * *")

    outcome = cli("config", "check")

    assert outcome.code == 2
    assert "SAVCTL_SCHEDULE_AUTO_CLSE" in outcome.err
    assert "SAVCTL_SCHEDULE_ARCHIVE" in outcome.err


@pytest.mark.parametrize("form", ["table", "json", "csv"])
def test_config_show_shows_what_there_is_with_a_wrong_setting(
    cli: Cli, monkeypatch: pytest.MonkeyPatch, form: str
) -> None:
    monkeypatch.setenv("SAVCTL_CLOSING_BRAKE", "many")
    monkeypatch.setenv("SAVCTL_BATCH_SIZE", "77")

    outcome = cli("config", "show", "-o", form)

    assert outcome.code == 2
    assert "closing_brake 'many'" in outcome.err
    assert "config show" not in outcome.err  # no hint back to this very command
    assert "environment SAVCTL_BATCH_SIZE" in outcome.out
    assert "environment SAVCTL_CLOSING_BRAKE" in outcome.out
    if form == "json":
        rows = {row["setting"]: row for row in json.loads(outcome.out)}
        assert (rows["batch_size"]["value"], rows["batch_size"]["wrong"]) == ("77", None)
        assert "whole number" in rows["closing_brake"]["wrong"]


def test_a_file_that_cannot_be_read_leaves_the_rest_to_see(cli: Cli, tmp_path: Path) -> None:
    (tmp_path / "savctl.toml").write_text("= 1", encoding="utf-8")

    outcome = cli("config", "show", "-o", "json")

    assert (outcome.code, "savctl.toml" in outcome.err) == (2, True)
    assert len(json.loads(outcome.out)) > 50


def test_the_machines_own_file_is_read_where_the_user_has_none(
    cli: Cli, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, environment: dict[str, str]
) -> None:
    loading = sys.modules["savctl.config.load"]
    assert str(loading.SYSTEM_FILE) == "/etc/savctl/savctl.toml"
    of_machine = tmp_path / "etc" / "savctl.toml"
    of_machine.parent.mkdir()
    of_machine.write_text("batch_size = 11", encoding="utf-8")
    monkeypatch.setattr(loading, "SYSTEM_FILE", of_machine)

    def shown() -> str:
        return cli("config", "show", "-o", "json").out

    assert f"file {of_machine}" in shown()

    of_user = Path(environment["HOME"]) / ".config/savctl/savctl.toml"
    of_user.parent.mkdir(parents=True)
    of_user.write_text("batch_size = 22", encoding="utf-8")

    assert f"file {of_machine}" not in shown()
    assert f"file {of_user}" in shown()
