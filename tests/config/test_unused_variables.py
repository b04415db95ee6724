"""A DB_*, AWS_* or RABBITMQ_* variable that is set and not used is named (command line, 2)."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from savctl.config import load
from savctl.config.unused import unused_variables
from tests.conftest import Cli

pytestmark = pytest.mark.only_on("sqlite")
URL = {"SAVCTL_DATABASE_URL": "sqlite:///x.db"}
SERVER = {"DB_HOST": "db", "DB_DATABASE": "sav"}
BUCKET = {"AWS_BUCKET": "sav"}

CASES: list[tuple[dict[str, str], dict[str, str]]] = [
    ({}, {}),
    ({"RABBITMQ_PORT": "5672"}, {"RABBITMQ_PORT": "RABBITMQ_HOST is not set"}),
    ({"RABBITMQ_HOST": "mq", "RABBITMQ_PORT": "5672", "RABBITMQ_VHOST": "/"}, {}),
    (
        {"RABBITMQ_HOST": "mq", "SAVCTL_BROKER_URL": "amqp://other"},
        {"RABBITMQ_HOST": "broker_url is set (environment SAVCTL_BROKER_URL)"},
    ),
    ({"RABBITMQ_USERNAME": "u"}, {"RABBITMQ_USERNAME": "did you mean RABBITMQ_USER?"}),
    ({"DB_PORT": "3306"}, {"DB_PORT": "neither DB_CONNECTION nor DB_HOST is set"}),
    (SERVER | {"DB_PORT": "3306", "DB_USERNAME": "u", "DB_PASSWORD": "p"}, {}),
    (
        SERVER | URL,
        dict.fromkeys(
            SERVER, "the database is that of database_url (environment SAVCTL_DATABASE_URL)"
        ),
    ),
    (
        {"DB_CONNECTION": "sqlite", "DB_HOST": "db", "DB_DATABASE": "x.db"},
        {"DB_HOST": "DB_CONNECTION is sqlite"},
    ),
    (SERVER | {"DB_USER": "u"}, {"DB_USER": "did you mean DB_USERNAME?"}),
    (BUCKET | {"AWS_ENDPOINT": "http://s3", "AWS_ACCESS_KEY_ID": "k"}, {}),
    (
        {"AWS_ACCESS_KEY_ID": "k"},
        {"AWS_ACCESS_KEY_ID": "files are kept in a folder; AWS_BUCKET names a bucket"},
    ),
    ({"AWS_ACCESS_KEY_ID": "k", "SAVCTL_ARCHIVE_URL": "s3://cold"}, {}),
    (
        BUCKET | {"SAVCTL_STORAGE_URL": "s3://other"},
        {"AWS_BUCKET": "storage_url is set (environment SAVCTL_STORAGE_URL)"},
    ),
    (
        BUCKET | {"AWS_ENDPOINT": "http://a", "SAVCTL_STORAGE_ENDPOINT": "http://b"},
        {"AWS_ENDPOINT": "storage_endpoint is set (environment SAVCTL_STORAGE_ENDPOINT)"},
    ),
    (BUCKET | {"AWS_BUCKET_NAME": "x"}, {"AWS_BUCKET_NAME": "did you mean AWS_BUCKET?"}),
    ({"AWS_PROFILE": "mine", "AWS_REGION": "x", "AWS_CONTAINER_CREDENTIALS_FULL_URI": "u"}, {}),
    ({"RABBITMQ_PORT": "", "DB_HOST": ""}, {}),  # empty is not set
    ({"DBHOST": "db"}, {"DBHOST": "did you mean DB_HOST?"}),
    (SERVER | {"db_port": "3306"}, {"db_port": "did you mean DB_PORT?"}),
    ({"SAVCTLHOME": "/x"}, {"SAVCTLHOME": "did you mean SAVCTL_HOME?"}),
    ({"DBUS_SESSION_BUS_ADDRESS": "x", "RABBIT": "y", "AWSOME": "z"}, {}),
]


@pytest.mark.parametrize(("environment", "named"), CASES, ids=range(len(CASES)))
def test_what_is_set_and_not_used_is_named_with_its_reason(
    environment: dict[str, str], named: dict[str, str]
) -> None:
    settings = load({"HOME": "/nowhere"} | environment)

    found = {one.name: one.why for one in unused_variables(environment, settings)}

    assert {name: why.partition("; did")[0] for name, why in found.items()} == named


def test_a_file_beside_the_variable_it_is_for_is_not_used(tmp_path: Path) -> None:
    secret = tmp_path / "secret"
    secret.write_text("p")
    both = SERVER | {"DB_PASSWORD": "p", "DB_PASSWORD_FILE": str(secret)}
    alone = SERVER | {"DB_PASSWORD_FILE": str(secret)}

    def names(environment: dict[str, str]) -> list[str]:
        found = unused_variables(environment, load({"HOME": "/nowhere"} | environment))
        return [str(one) for one in found]

    assert names(both) == ["DB_PASSWORD_FILE is set and not used: DB_PASSWORD is set"]
    assert names(alone) == []


def test_config_check_and_every_other_command_name_it_and_no_value(
    cli: Cli, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("RABBITMQ_PASSWORD", "hunter2")
    warning = "RABBITMQ_PASSWORD is set and not used: RABBITMQ_HOST is not set"

    checked, listed = cli("config", "check", "-o", "json"), cli("ticket", "list")

    assert (checked.code, listed.code) == (0, 0)
    assert json.loads(checked.out)["unused"] == ["RABBITMQ_PASSWORD"]
    assert [json.loads(line) for line in checked.err.splitlines()] == [{"warning": warning}]
    assert listed.err.count(f"warning: {warning}\n") == 1
    assert "hunter2" not in checked.out + checked.err + listed.err
