"""Whatever stands in a setting, it is a value, a mistake that is named, or an absent server.

Never a bug (contract: command line, 1.3 and 2), and never a password in an answer.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from savctl.config import SETTINGS, Setting, load
from savctl.errors import ConfigurationError
from tests.conftest import Cli

SECRET = "s3cret-Passw0rd"  # noqa: S105 - it opens nothing
ODD = [
    *("", " ", "0", "-1", "1e999999", "9" * 5_000, "9999999999d", "999y", "100000000w", "nan"),
    *("\u0665", "\u00bd", "\x1b[31m", "a\nb", "x" * 70_000, "\udcff", "true", "80%", "0.1"),
    *("[]", "{}", "/dev/null", "/dev/null/below", "~", ".."),
    *("://", "file://", "file:///", "s3://", "s3:///x", "http://", "http://[", "tcp://h:99999"),
    *("tcp://h:x", "unix://", "amqp://", "amqp://[", "amqp://h:99999/", "amqp://h:x/%zz"),
    *("amqp://h/v?heartbeat=x", "amqp://h/v?nonsense=1", "sqlite://", "sqlite://h/x"),
    *("sqlite:///x?timeout=abc", "mysql://h/x?ssl_ca=/nowhere", "mysql://h/x?no=1"),
    *("mysql://h/x?connect_timeout=x", "mysql:///x", "mysql://h"),
    f"mysql://u:{SECRET}\u2100@h/d",
    f"amqp://u:{SECRET}\u2100@h/d",
    f"amqp://u:{SECRET}@h:99999/",
    f"http://u:{SECRET}@h",
    "-----BEGIN PRIVATE KEY-----",
    "-----BEGIN PUBLIC KEY-----\nMIIB\n-----END PUBLIC KEY-----",
]
# Those that ask no name server; and those that make a difference to a path.
USABLE = [odd for odd in ODD if "@h" not in odd and "//h" not in odd and len(odd) < 9_000]
PATHS = ["", "/dev/null", "/dev/null/below", "..", "\udcff", "a\nb", "x" * 300]
TOML = [
    *("x = ", "x = [", "[schedule", "schedule = 1", "[schedule]\nauto-close = 1", "home = []"),
    *("home = {a = 1}", "home = 2020-01-01", 'home = "\\u0000"', "actor = 1.5", "actor = inf"),
    *("protected = 1979-05-27T07:32:00Z", "batch_size = true", f"actor = 0x{'f' * 5_000}"),
    f"actor = {'9' * 5_000}",
    f"a = {'[' * 100_000}",
    f"a = {'{b=' * 50_000}",
    f"{'a.' * 500}b = 1",
    "[schedule]\nnonsense = 'x'",
    "embedded = 'perhaps'",
]
pytestmark = pytest.mark.only_on("sqlite")


@pytest.mark.parametrize("setting", SETTINGS, ids=lambda setting: setting.name)
def test_an_odd_value_is_taken_or_named(
    setting: Setting, environment: dict[str, str], tmp_path: Path
) -> None:
    for odd in ODD:
        texts = setting.name
        try:
            load({**environment, setting.variables[0]: odd})
        except ConfigurationError as mistake:
            texts = mistake.message

        known = (setting.name, setting.name.partition("_")[0], *setting.variables)
        assert any(name in texts for name in known)
        assert SECRET not in texts
        assert len(texts) < 400


@pytest.mark.parametrize("content", TOML, ids=range(len(TOML)))
def test_an_odd_file_is_taken_or_named(cli: Cli, tmp_path: Path, content: str) -> None:
    (tmp_path / "savctl.toml").write_text(content, encoding="utf-8")

    codes = {cli(*words).code for words in (("config", "check"), ("config", "show"), ("states",))}

    assert codes <= {0, 2}


PARTS = {
    "DB": {"DB_HOST": "h", "DB_DATABASE": "d"},
    "RABBITMQ": {"RABBITMQ_HOST": "h"},
    "AWS": {"AWS_BUCKET": "b"},
}
NAMES = [
    *("DB_CONNECTION", "DB_HOST", "DB_PORT", "DB_DATABASE", "DB_USERNAME", "DB_PASSWORD"),
    *("RABBITMQ_HOST", "RABBITMQ_PORT", "RABBITMQ_USER", "RABBITMQ_PASSWORD", "RABBITMQ_VHOST"),
    *("AWS_BUCKET", "AWS_ENDPOINT", "AWS_DEFAULT_REGION", "AWS_USE_PATH_STYLE_ENDPOINT"),
]


@pytest.mark.parametrize("name", NAMES)
def test_an_odd_value_of_the_services_own_variables_is_taken_or_named(
    environment: dict[str, str], name: str
) -> None:
    for odd in (odd for odd in ODD if len(odd) < 4_000 or not name.endswith("PORT")):
        given = {**environment, **PARTS[name.partition("_")[0]], name: odd}
        texts = name
        try:
            load(given)
        except ConfigurationError as mistake:
            texts = mistake.message

        known = (name, "storage_", *PARTS[name.partition("_")[0]])
        assert any(one in texts for one in known)


OPENED = {
    **dict.fromkeys(("home", "database_url", "actor", "token"), ("ticket", "list")),
    **dict.fromkeys(("broker_url", "broker_ca_file"), ("event", "setup", "-n")),
    **dict.fromkeys(("broker_cert_file", "broker_key_file"), ("event", "setup", "-n")),
    **dict.fromkeys(("storage_url", "storage_endpoint"), ("attachment", "verify")),
    **dict.fromkeys(("storage_region", "storage_access_key"), ("attachment", "verify")),
    **dict.fromkeys(("archive_url", "archive_after"), ("archive", "verify")),
    **dict.fromkeys(("retention_after", "retention_brake"), ("job", "run", "retention", "-n")),
    **dict.fromkeys(("auto_close_after", "closing_brake"), ("job", "run", "auto-close", "-n")),
    **dict.fromkeys(("scanner_url", "scanner_timeout"), ("attachment", "check", "note.txt")),
    **dict.fromkeys(("token_key", "link_lifetime"), ("attachment", "list", "TKT-X")),
}


@pytest.mark.parametrize("name", OPENED)
def test_a_command_that_needs_an_odd_setting_is_no_bug(
    cli: Cli, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    (tmp_path / "note.txt").write_text("a note", encoding="utf-8")
    (setting,) = (s for s in SETTINGS if s.name == name)
    if name.startswith("broker_") and name != "broker_url":
        monkeypatch.setenv("SAVCTL_BROKER_URL", "amqps://127.0.0.1:1/")
    if name.startswith("storage_") and name != "storage_url":
        monkeypatch.setenv("SAVCTL_STORAGE_URL", "s3://bucket")
        monkeypatch.setenv("SAVCTL_STORAGE_ENDPOINT", "http://127.0.0.1:1")
    if name == "home":
        monkeypatch.delenv("SAVCTL_DATABASE_URL")
    found = {}
    for odd in PATHS if name.endswith(("home", "_file")) else USABLE:
        monkeypatch.setenv(setting.variables[0], odd)
        outcome = cli(*OPENED[name])
        found[odd] = outcome.code
        assert outcome.code != 1, (odd, outcome.err[-2_000:])

    assert set(found.values()) <= {0, 2, 4, 7, 8, 10}
