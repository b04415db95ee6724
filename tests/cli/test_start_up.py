"""What a start loads: start-up time is a promise, and an import too many breaks it silently.

Times depend on the machine; which modules are there afterwards does not. `make bench` measures.
"""

from __future__ import annotations

import importlib
import json
import os
import pkgutil
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import typer
from typer.core import TyperCommand

import savctl.cli.ticket as tickets
from savctl import ports
from savctl.cli.framework.words.tree import BranchGroup
from savctl.cli.groups import HELP, MORE_HELP, REGISTRY, help_page

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


@pytest.fixture(scope="module")
def first_home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A home in whose database there is ticket 1."""
    home = tmp_path_factory.mktemp("start-up") / "home"
    words = ("--user", "456", "--subject", "Parcel", "--description", "Where?")
    kept = {name: os.environ[name] for name in ("PATH", "LANG") if name in os.environ}
    loaded({**kept, "SAVCTL_HOME": str(home)}, "ticket", "create", *words)
    return home


@pytest.fixture
def at_home(environment: dict[str, str], first_home: Path, tmp_path: Path) -> dict[str, str]:
    """An environment with a database of its own, in which there is ticket 1."""
    shutil.copytree(first_home, tmp_path / "home")
    return environment | {"SAVCTL_HOME": str(tmp_path / "home")}


def test_the_version_is_reported_without_typer(environment: dict[str, str]) -> None:
    modules = loaded(environment, "--version")

    assert not modules & (HEAVY | {"typer", "savctl.cli.root", "savctl.errors"})
    assert not modules & {"typing", "re", "enum"}, "each takes half as long as Python itself"


@pytest.mark.parametrize("words", [(), ("-h",), ("--help",)])
def test_the_first_page_of_help_is_shown_without_typer(
    words: tuple[str, ...], environment: dict[str, str]
) -> None:
    modules = loaded(environment, *words)

    assert not modules & (HEAVY | {"typer", "savctl.cli.root", "savctl.errors"})
    assert not modules & {"typing", "re", "enum"}, "each takes half as long as Python itself"


class _OfStubs(BranchGroup):
    """The root as Typer lays it out by itself."""

    def list_commands(self, ctx: Any) -> list[str]:
        return list(self.commands)

    def format_epilog(self, ctx: Any, formatter: Any) -> None:
        formatter.write(MORE_HELP)


@pytest.mark.parametrize("width", range(50, 79))
def test_that_page_is_what_typer_would_lay_out(width: int) -> None:
    stubs: Any = {
        name: TyperCommand(name, help=line, rich_markup_mode=None)
        for name, (_, line) in REGISTRY.items()
    }
    group: Any = _OfStubs(name="savctl", commands=stubs, help=HELP, rich_markup_mode=None)
    context: Any = typer.Context(group, info_name="savctl", terminal_width=width)

    assert help_page(width).rstrip("\n") == group.get_help(context)


def test_help_of_the_root_by_another_word_imports_no_group(environment: dict[str, str]) -> None:
    modules = loaded(environment, "help")

    assert not modules & HEAVY
    assert not {name for name in modules if name.startswith("savctl.persistence")}
    groups = {path.partition(":")[0] for path, _ in REGISTRY.values()}
    assert not modules & groups


@pytest.mark.parametrize("name", REGISTRY)
def test_the_help_of_a_group_needs_no_database(name: str, environment: dict[str, str]) -> None:
    modules = loaded(environment, name, "--help")

    assert not modules & HEAVY


def test_a_ticket_is_shown_with_sqlalchemy_core_alone(at_home: dict[str, str]) -> None:
    modules = loaded(at_home, "ticket", "show", "1", "-o", "json")

    assert "sqlalchemy" in modules
    assert not modules & (HEAVY - {"sqlalchemy"})
    assert not modules & {"sqlalchemy.orm", "sqlalchemy.ext.asyncio", "greenlet", "cryptography"}
    commands = {name for name in modules if name.startswith("savctl.cli.ticket.")}
    assert commands == {"savctl.cli.ticket.read"}, "the other commands of tickets stay away"
    ports = {name for name in modules if name.startswith("savctl.ports.")}
    assert ports == {"savctl.ports.clock"}
    assert not modules & {"savctl.domain.events.events", "savctl.persistence.jobs.leases", "hmac"}


def test_the_table_of_a_group_s_modules_has_each_of_its_commands() -> None:
    shown: Any = typer.main.get_command(tickets.group)
    folder = Path(str(tickets.__file__)).parent
    there = {m.name for m in pkgutil.iter_modules([str(folder)]) if not m.name.startswith("_")}
    assert set(shown.modules) == there

    for module, names in shown.modules.items():
        importlib.import_module(f"savctl.cli.ticket.{module}")
        assert set(names) <= _registered(), module
    assert _registered() == {name for names in shown.modules.values() for name in names}


def _registered() -> set[str | None]:
    commands, groups = tickets.group.registered_commands, tickets.group.registered_groups
    return {one.name for one in commands} | {str(one.name) for one in groups}


@pytest.mark.parametrize("name", ports.__all__)
def test_a_port_is_found_by_its_name_alone(name: str) -> None:
    assert getattr(ports, name).__name__ in {name, "system_clock"}


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
