"""What shells complete: commands, options and values, in real shells where there are any."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from savctl.cli.framework.output import Format
from savctl.cli.framework.tables.fields import fields_of
from savctl.cli.framework.words.completing import candidates
from savctl.cli.framework.words.values import values_of
from savctl.cli.groups import REGISTRY
from savctl.domain.privacy.inventory.entry import Whose
from savctl.persistence.jobs.runs import RunStatus
from savctl.persistence.tickets.ticket_lists import SORTABLE
from savctl.scheduling.job import all_jobs
from savctl.usecases.imports.rows import FORMATS
from savctl.usecases.reports.sla_report import GROUPS
from savctl.usecases.tickets import exporting
from tests.conftest import Cli


def completed(*words: str) -> list[str]:
    return [value for value, _ in candidates(words)[0]]


@pytest.mark.parametrize(
    ("words", "found"),
    [
        ([""], list(REGISTRY)),
        (["t"], ["ticket", "top"]),
        (["ticket", "li"], ["list"]),
        (["gdpr", "hold", "re"], ["release"]),
        (["help", "ticket", "li"], ["list"]),
        (["job", "run", "auto"], ["auto-close"]),
        (["-q", "job", "-o", "json", "run", "auto"], ["auto-close"]),
        (["-o", "js"], ["json", "jsonl"]),
        (["ticket", "list", "--status", "wait"], ["waiting_customer"]),
        (["ticket", "list", "--status", "open,cl"], ["open,closed"]),
        (["ticket", "list", "--status=cl"], ["--status=closed"]),
        (["ticket", "list", "--status", "=", "cl"], ["closed"]),
        (["ticket", "list", "--status", "="], list(values_of("ticket list", "--status"))),
        (["ticket", "list", "--columns", "id,ticket_n"], ["id,ticket_number"]),
        (["ticket", "list", "--sort", "-cr"], ["-created_at"]),
        (["ticket", "show", "1", "--with", "mess"], ["messages"]),
        (["ticket", "priority", "1", "-n", "ur"], ["urgent"]),
        (["ticket", "list", "--sta"], ["--status"]),
        (["completion", "f"], ["fish"]),
        (["scheduler", "run", "--only", "db"], ["db-optimize"]),
        (["ticket", "create", "--user", ""], []),
        (["nonsense", ""], []),
        (["ticket", "list", "--nonsense", ""], []),
    ],
)
def test_what_may_stand_there_is_offered(words: list[str], found: list[str]) -> None:
    assert completed(*words) == found


@pytest.mark.parametrize(
    ("path", "name", "values"),
    [
        ("job run", "NAME", list(all_jobs())),
        ("ticket list", "--output", list(Format)),
        ("ticket list", "--sort", [*SORTABLE, *(f"-{field}" for field in SORTABLE)]),
        ("ticket list", "--columns", list(fields_of("ticket list"))),
        ("job history", "--status", list(RunStatus)),
        ("gdpr inventory", "--whose", list(Whose)),
        ("ticket import", "--format", list(FORMATS)),
        ("export tickets", "--format", list(exporting.FORMATS)),
        ("report sla", "--by", sorted(GROUPS)),
    ],
)
def test_the_values_are_those_that_the_command_takes(
    path: str, name: str, values: list[str]
) -> None:
    assert sorted(values_of(path, name)) == sorted(values)


def test_files_are_left_to_the_shell() -> None:
    assert candidates(["ticket", "import", ""]) == ([], True)
    assert candidates(["ticket", "create", "--attach", ""]) == ([], True)


@pytest.fixture
def at_a_shell(environment: dict[str, str], tmp_path: Path, cli: Cli) -> dict[str, str]:
    """An account in which `savctl` is a command; no database can be reached."""
    program = tmp_path / "bin" / "savctl"
    program.parent.mkdir()
    program.write_text(f'#!/bin/sh\nexec {sys.executable} -m savctl "$@"\n')
    program.chmod(0o755)
    for shell in ("bash", "zsh", "fish"):
        (tmp_path / f"script.{shell}").write_text(cli("completion", shell).out)
    path = f"{program.parent}:{os.environ['PATH']}"
    home = {"HOME": str(tmp_path), "XDG_CONFIG_HOME": str(tmp_path)}
    return environment | home | {"PATH": path, "SAVCTL_DATABASE_URL": "mysql://none@127.0.0.1:1/x"}


def asked(shell: str, code: str, environment: dict[str, str], folder: Path) -> list[str]:
    program = shutil.which(shell)
    if program is None:
        pytest.skip(f"no {shell} on this machine")
    options = {"bash": ["--norc"], "zsh": ["-f"], "fish": ["--no-config"]}[shell]
    done = subprocess.run(
        [program, *options, "-c", code],
        env=environment,
        cwd=folder,
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
    )
    assert done.stderr == ""
    return done.stdout.splitlines()


CASES = [
    (["job", "run", "auto"], ["auto-close"]),
    (["ticket", "list", "--status", "open,cl"], ["open,closed"]),
    (["ticket", "list", "--status", "wait"], ["waiting_customer"]),
    (["completion", "z"], ["zsh"]),
    (["ticket", "list", "--nonsense", "x"], []),
]
slow = pytest.mark.slow("starts a shell")


@slow
@pytest.mark.only_on("sqlite")
@pytest.mark.parametrize(("words", "found"), CASES)
def test_bash_completes(
    at_a_shell: dict[str, str], tmp_path: Path, words: list[str], found: list[str]
) -> None:
    typed = " ".join(f"'{word}'" for word in ("savctl", *words))
    code = (
        f"source script.bash; COMP_WORDS=({typed}); COMP_CWORD={len(words)}; "
        '_savctl_complete savctl; [[ -z ${COMPREPLY[*]} ]] || printf "%s\\n" "${COMPREPLY[@]}"'
    )

    assert asked("bash", code, at_a_shell, tmp_path) == found


@slow
@pytest.mark.only_on("sqlite")
@pytest.mark.parametrize(("words", "found"), CASES)
def test_zsh_completes(
    at_a_shell: dict[str, str], tmp_path: Path, words: list[str], found: list[str]
) -> None:
    typed = " ".join(f"'{word}'" for word in ("savctl", *words))
    code = (
        'compdef() { : }; _files() { : }; _describe() { print -rl -- "${(@P)3}" }; '
        f"source script.zsh; words=({typed}); CURRENT={len(words) + 1}; _savctl"
    )

    lines = asked("zsh", code, at_a_shell, tmp_path)

    assert [line.partition(":")[0] for line in lines] == found


@slow
@pytest.mark.only_on("sqlite")
@pytest.mark.parametrize(("words", "found"), CASES)
def test_fish_completes(
    at_a_shell: dict[str, str], tmp_path: Path, words: list[str], found: list[str]
) -> None:
    code = f"source script.fish; complete --do-complete 'savctl {' '.join(words)}'"

    lines = asked("fish", code, at_a_shell, tmp_path)

    assert [line.partition("\t")[0] for line in lines] == found
