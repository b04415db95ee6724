"""A wrong configuration: every mistake at once, by the name of its setting (contract 2)."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.conftest import Cli

SECRET = "s3cret-Passw0rd"  # noqa: S105 - it opens nothing


def test_every_mistake_is_reported_at_once(
    cli: Cli, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "savctl.toml").write_text(
        'closing_brake = "many"\nbatch_size = 0\nauto_close_atfer = "7d"\ntick_seconds = 3600\n',
        encoding="utf-8",
    )
    monkeypatch.setenv("SAVCTL_AUTO_CLOSE_AFTER", "soon")
    monkeypatch.setenv("SAVCTL_ACTOR", "Bob")
    monkeypatch.setenv("SAVCTL_DATABASE_URL", f"postgres://ops:{SECRET}@db/sav")
    monkeypatch.setenv("SAVCTL_ORDER_VALUE_OVER", "-1")

    outcome = cli("ticket", "list", "-o", "json")

    assert (outcome.code, outcome.out) == (2, "")
    error = json.loads(outcome.err)["error"]
    assert (error["code"], error["exit"]) == ("configuration", 2)
    for name in (
        *("closing_brake", "batch_size", "auto_close_atfer", "tick_seconds", "auto_close_after"),
        *("actor", "database_url", "order_value_over"),
    ):
        assert name in error["message"]
    assert SECRET not in outcome.err


@pytest.mark.parametrize(
    "url",
    [
        f"postgres://ops:{SECRET}@db/sav",
        f"mysql://ops:{SECRET}@db:port/sav",
        f"mysql://ops:{SECRET}@db:99999/sav",
        f"mysql://ops:{SECRET}@[::1/sav",
        f"mysql:ops:{SECRET}",
        f"//ops:{SECRET}@db/sav",
        SECRET,
    ],
)
def test_an_address_that_is_none_is_named_without_its_password(
    cli: Cli, monkeypatch: pytest.MonkeyPatch, url: str
) -> None:
    monkeypatch.setenv("SAVCTL_DATABASE_URL", url)

    for words in (("ticket", "list"), ("ticket", "list", "-v"), ("config", "show")):
        outcome = cli(*words)

        assert outcome.code == 2 or words == ("config", "show")
        assert "database_url" in f"{outcome.err}{outcome.out}"
        assert SECRET not in f"{outcome.err}{outcome.out}"


@pytest.mark.parametrize(
    ("content", "named"),
    [
        (b"= 1", "savctl.toml"),
        (b"\xff\xfe", "savctl.toml"),
        (b"closing_brake = [1]", "closing_brake"),
        (b"schedule = 1", "schedule"),
    ],
)
def test_a_file_that_cannot_be_read_is_named(
    cli: Cli, tmp_path: Path, content: bytes, named: str
) -> None:
    (tmp_path / "savctl.toml").write_bytes(content)

    outcome = cli("config", "check")

    assert (outcome.code, outcome.out) == (2, "")
    assert named in outcome.err


def test_a_file_that_is_not_there_is_named(cli: Cli) -> None:
    outcome = cli("config", "show", "--config", "/nowhere/savctl.toml")

    assert (outcome.code, outcome.out) == (2, "")
    assert "/nowhere/savctl.toml" in outcome.err


def test_a_secret_file_that_is_not_there_is_named(
    cli: Cli, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("SAVCTL_DATABASE_URL")
    monkeypatch.setenv("DB_HOST", "db")
    monkeypatch.setenv("DB_DATABASE", "sav")
    monkeypatch.setenv("DB_PASSWORD_FILE", "/nowhere/password")

    outcome = cli("ticket", "list")

    assert (outcome.code, outcome.out) == (2, "")
    assert "DB_PASSWORD_FILE" in outcome.err


@pytest.mark.parametrize(
    ("variable", "value"),
    [("DB_CONNECTION", "oracle"), ("DB_PORT", "70000"), ("DB_PORT", "abc"), ("DB_DATABASE", "")],
)
def test_the_services_own_variables_are_checked(
    cli: Cli, monkeypatch: pytest.MonkeyPatch, variable: str, value: str
) -> None:
    monkeypatch.delenv("SAVCTL_DATABASE_URL")
    monkeypatch.setenv("DB_HOST", "db")
    monkeypatch.setenv("DB_DATABASE", "sav")
    monkeypatch.setenv("DB_PASSWORD", SECRET)
    monkeypatch.setenv(variable, value)

    outcome = cli("ticket", "list")

    assert (outcome.code, outcome.out) == (2, "")
    assert variable in outcome.err
    assert SECRET not in outcome.err


@pytest.mark.parametrize("prefix", ["tickets", "temp/cold", "temp"])
def test_an_archive_where_cleanups_look_for_orphans_is_refused(
    cli: Cli, monkeypatch: pytest.MonkeyPatch, prefix: str
) -> None:
    monkeypatch.setenv("SAVCTL_ARCHIVE_URL", f"s3://sav-attachments/{prefix}")

    outcome = cli("archive", "run")

    assert (outcome.code, outcome.out) == (2, "")
    assert "archive_url" in outcome.err
    assert "cleanups" in outcome.err


def test_a_right_configuration_is_shown_without_its_password(
    cli: Cli, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SAVCTL_DATABASE_URL", f"mysql://ops:{SECRET}@db:3322/sav")

    shown = {form: cli("config", "show", "-o", form) for form in ("table", "json", "csv")}

    assert [outcome.code for outcome in shown.values()] == [0, 0, 0]
    assert all("ops:***@db:3322" in outcome.out for outcome in shown.values())
    assert all(SECRET not in outcome.out + outcome.err for outcome in shown.values())


@pytest.mark.parametrize("words", [("--help",), ("ticket", "--help"), ("states",), ("version",)])
def test_help_needs_no_configuration(
    cli: Cli, monkeypatch: pytest.MonkeyPatch, words: tuple[str, ...]
) -> None:
    monkeypatch.setenv("SAVCTL_DATABASE_URL", "nonsense")

    assert cli(*words).code == 0


@pytest.mark.parametrize(
    ("setting", "value"),
    [
        ("SAVCTL_STORAGE_URL", f"s3://AKIA:{SECRET}@sav"),
        ("SAVCTL_STORAGE_ENDPOINT", f"http://AKIA:{SECRET}@minio:9000"),
        ("SAVCTL_STORAGE_PUBLIC_ENDPOINT", f"http://AKIA:{SECRET}@minio:9000"),
        ("SAVCTL_ARCHIVE_URL", f"s3://AKIA:{SECRET}@sav/archive"),
        ("SAVCTL_STORAGE_URL", "s3://no bucket"),
    ],
)
def test_an_address_of_a_bucket_is_checked_and_never_shown_with_a_password(
    cli: Cli, monkeypatch: pytest.MonkeyPatch, setting: str, value: str
) -> None:
    monkeypatch.delenv("SAVCTL_STORAGE_URL", raising=False)
    monkeypatch.setenv(setting, value)

    outcome = cli("attachment", "verify", "-o", "json")

    error = json.loads(outcome.err)["error"]
    assert (outcome.code, error["code"]) == (2, "configuration")
    assert SECRET not in outcome.err + cli("config", "show").out
