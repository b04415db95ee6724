"""What a start loads: start-up time is a promise, and an import too many breaks it silently.

Times depend on the machine; which modules are there afterwards does not. `make bench` measures.
"""

from __future__ import annotations

import importlib
import json
import subprocess
import sys
from pathlib import Path

import pytest
import typer

from savctl.cli.root import REGISTRY

_PROJECT = Path(__file__).resolve().parents[2]
_ASK = """
import sys
from savctl.cli.main import main
sys.argv[0] = "savctl"
try:
    main()
finally:
    names = sorted(sys.modules)
    import json
    sys.stderr.write(json.dumps(names))
"""

pytestmark = pytest.mark.slow("starts a process for each question")

DRIVERS = {"boto3", "botocore", "pika", "alembic", "apscheduler", "pymysql"}
FOR_PEOPLE = {"rich", "pygments", "tabulate"}
HEAVY = DRIVERS | FOR_PEOPLE | {"sqlalchemy", "pydantic", "nh3"}


def loaded(environment: dict[str, str], *words: str) -> set[str]:
    """The modules in the process after `savctl WORDS…`."""
    done = subprocess.run(
        [sys.executable, "-c", _ASK, *words],
        env=environment,
        cwd=_PROJECT,
        capture_output=True,
        text=True,
        check=True,
    )
    return set(json.loads(done.stderr.splitlines()[-1]))


@pytest.fixture
def at_home(environment: dict[str, str], tmp_path: Path) -> dict[str, str]:
    """An environment with a database of its own, in which there is ticket 1."""
    environment["SAVCTL_HOME"] = str(tmp_path / "home")
    loaded(
        environment,
        *("ticket", "create", "--user", "456", "--subject", "Parcel", "--description", "Where?"),
    )
    return environment


def test_the_version_is_reported_without_typer(environment: dict[str, str]) -> None:
    modules = loaded(environment, "--version")

    assert not modules & (HEAVY | {"typer", "savctl.cli.root", "savctl.errors"})
    assert not modules & {"typing", "re", "enum"}, "each takes half as long as Python itself"


def test_help_needs_typer_and_nothing_heavy(environment: dict[str, str]) -> None:
    modules = loaded(environment, "--help")

    assert not modules & HEAVY
    assert not {name for name in modules if name.startswith("savctl.persistence")}
    groups = {path.partition(":")[0] for path, _ in REGISTRY.values()}
    assert not modules & groups, "help of the root imports no group"


@pytest.mark.parametrize("name", REGISTRY)
def test_the_help_of_a_group_needs_no_database(name: str, environment: dict[str, str]) -> None:
    modules = loaded(environment, name, "--help")

    assert not modules & HEAVY


def test_a_ticket_is_shown_with_sqlalchemy_core_alone(at_home: dict[str, str]) -> None:
    modules = loaded(at_home, "ticket", "show", "1", "-o", "json")

    assert "sqlalchemy" in modules
    assert not modules & (HEAVY - {"sqlalchemy"})
    assert not modules & {"sqlalchemy.orm", "sqlalchemy.ext.asyncio", "greenlet", "cryptography"}


def test_keys_that_are_not_needed_are_not_read(at_home: dict[str, str], tmp_path: Path) -> None:
    keys = {"SAVCTL_KEYS_FILE": str(tmp_path / "not-there")}

    modules = loaded(at_home | keys, "ticket", "show", "1", "-o", "json")

    assert not modules & {"cryptography", "savctl.usecases.encryption", "savctl.usecases.archive"}


def test_a_broker_that_is_not_needed_loads_no_pika(at_home: dict[str, str]) -> None:
    """A ticket without an order, of a customer who is known or is not to be asked for."""
    broker = {"SAVCTL_BROKER_URL": "amqp://127.0.0.1:1/", "SAVCTL_USER_CHECK": "off"}
    create = ("ticket", "create", "--user", "456", "--subject", "s", "--description", "d")

    for words in (("ticket", "show", "1"), create):
        modules = loaded(at_home | broker, *words)
        assert not modules & {"pika", "savctl.adapters.rabbitmq.questions"}


def test_a_bucket_that_is_not_needed_loads_no_boto3(at_home: dict[str, str]) -> None:
    bucket = {"AWS_BUCKET": "sav", "AWS_ENDPOINT": "http://127.0.0.1:1"}

    modules = loaded(at_home | bucket, "ticket", "show", "1")

    assert not modules & {"boto3", "botocore", "savctl.adapters.s3.store"}


def test_a_table_needs_tabulate_and_no_more(at_home: dict[str, str]) -> None:
    modules = loaded(at_home, "ticket", "list")

    assert "tabulate" in modules
    assert not modules & (HEAVY - {"sqlalchemy", "tabulate"})


@pytest.mark.parametrize("name", REGISTRY)
def test_the_registry_repeats_each_group_s_own_line(name: str) -> None:
    path, line = REGISTRY[name]
    module, attribute = path.split(":")
    group = getattr(importlib.import_module(module), attribute)

    shown = typer.main.get_command(group).help

    assert group.info.help == line
    assert shown is not None
    assert shown.startswith(line.removesuffix(".")), "a lone command says it in its own words"
