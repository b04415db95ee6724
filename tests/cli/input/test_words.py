"""Where options may stand, what help shows, and what a mistake in the words is answered with."""

from __future__ import annotations

import json
import re
import shutil
import subprocess

import pytest

from savctl.cli.framework.effects import EFFECTS, Effect
from savctl.cli.framework.words.common import SHARED
from savctl.cli.framework.words.leading import leading
from savctl.errors import ExitCode
from savctl.persistence.engine import Database
from savctl.ports import SetClock
from tests.cli.shop import COMMANDS, PROJECT
from tests.conftest import Cli
from tests.given import created, rows

pytestmark = pytest.mark.only_on("sqlite")
NEW = ("ticket", "create", "--user", 7, "--subject", "s", "--description", "d")


@pytest.mark.parametrize(
    "words",
    [
        ("-o", "json", "ticket", "list"),
        ("ticket", "-o", "json", "list"),
        ("ticket", "list", "-o", "json"),
        ("-qojson", "ticket", "list"),
        ("-vq", "--output=json", "ticket", "list"),
        ("--color", "never", "-o", "csv", "ticket", "list", "-o", "json"),
        ("-o", "csv", "ticket", "-o", "json", "list"),
    ],
    ids=" ".join,
)
def test_common_options_stand_anywhere_and_the_last_one_counts(
    cli: Cli, database: Database, clock: SetClock, words: tuple[str, ...]
) -> None:
    created(database, clock)

    assert json.loads(cli(*words, "--columns", "id").out) == [{"id": 1}]


def test_a_dry_run_may_be_asked_for_before_the_command(cli: Cli, database: Database) -> None:
    outcome = cli("-n", "-y", "--as", 10, *NEW)

    assert outcome.code == 0
    assert rows(database, "SELECT id FROM support_tickets") == []


@pytest.mark.parametrize("words", [("-n", "ticket", "list"), ("--as", "7", "states")])
def test_an_option_that_the_command_does_not_have_is_refused_by_its_name(
    cli: Cli, words: tuple[str, ...]
) -> None:
    outcome = cli(*words)

    assert outcome.code == 2
    path = " ".join(words[1:]).removeprefix("7 ")
    assert f"savctl {path} has no option '{words[0]}'" in outcome.err
    assert f"Run 'savctl {path} --help' for usage." in outcome.err


@pytest.mark.parametrize(
    "words", [name for name, effect in EFFECTS.items() if effect is not Effect.READS]
)
def test_every_writer_takes_yes(words: str) -> None:
    taken = {option for param in COMMANDS[words].params for option in param.opts}

    assert {"-y", "--yes"} <= taken


@pytest.mark.parametrize("words", [(), ("ticket",), ("gdpr", "hold"), ("-q", "job")])
def test_a_bare_group_prints_its_help_and_is_no_failure(cli: Cli, words: tuple[str, ...]) -> None:
    outcome = cli(*words)

    assert (outcome.code, outcome.err) == (0, "")
    assert "Commands:" in outcome.out
    assert "Examples:" in outcome.out


@pytest.mark.parametrize("words", [(), ("ticket",), ("ticket", "list"), ("doctor",)])
def test_help_is_a_command_too(cli: Cli, words: tuple[str, ...]) -> None:
    assert cli("help", *words) == cli(*words, "--help")


def test_help_explains_the_exit_codes_and_the_common_options(cli: Cli) -> None:
    codes, options = cli("help", "exit-codes").out, cli("help", "options").out

    assert [int(line.split()[0]) for line in codes.splitlines()[2:]] == list(ExitCode)
    assert "-o, --output FORMAT" in options
    assert "-n, --dry-run" in options


def test_own_options_come_before_the_common_ones(cli: Cli) -> None:
    text = cli("ticket", "assign", "--help").out

    usage, _, block = text.partition("Common options")
    assert "Usage: savctl ticket assign TKT… --to ID|auto [OPTIONS]" in usage
    assert "-y, --yes" in usage
    assert "--output" not in usage
    assert "-o, --output FORMAT" in block


def test_the_commands_of_a_group_begin_with_those_used_most(cli: Cli) -> None:
    listed = cli("ticket").out.partition("Commands:\n")[2].splitlines()

    assert [line.split()[0] for line in listed[:3]] == ["list", "show", "create"]


def test_every_missing_option_is_named_at_once(cli: Cli) -> None:
    creating, assigning = cli("ticket", "create"), cli("ticket", "assign")

    assert "Missing options '--user', '--subject', '--description'" in creating.err
    assert "Missing argument 'TKT…' and option '--to'" in assigning.err


@pytest.mark.parametrize(
    ("words", "guess"),
    [
        (("list", "tickets"), "Did you mean 'savctl ticket list'?"),
        (("TICKET", "list"), "Did you mean 'savctl ticket'?"),
        (("tickets",), "Did you mean 'savctl ticket'"),
        (("tkt-7K2M9QXA",), "Did you mean 'savctl ticket show tkt-7K2M9QXA'?"),
        (("status",), "'savctl scheduler status'"),
        (("hlep",), "Did you mean 'savctl help'?"),
        (("help", "tickt"), "Did you mean 'savctl ticket'?"),
        (("ticket", "lst"), "Did you mean 'savctl ticket list'?"),
        (("ticket", "show", "1", "2", "3"), "savctl ticket show takes no further argument: 2 3"),
        (("xyzzy",), "Run 'savctl --help' for the commands."),
        (("ticket", "list", "--state", "open"), "Did you mean '--status'?"),
        (("report", "sla", "--html"), "Run 'savctl report sla --help' for usage."),
        (("completion", "fsh"), "SHELL 'fsh' is not one of bash, zsh, fish"),
    ],
)
def test_a_mistake_names_what_may_be_meant(cli: Cli, words: tuple[str, ...], guess: str) -> None:
    outcome = cli(*words)

    assert (outcome.code, outcome.out) == (2, "")
    assert guess in outcome.err


@pytest.mark.parametrize("words", COMMANDS)
def test_a_summary_fits_a_line_of_its_group(words: str) -> None:
    group = words.rpartition(" ")[0] or ""
    names = [name.split()[-1] for name in COMMANDS if name.rpartition(" ")[0] == group]
    summary = str(COMMANDS[words].help).partition("\n")[0]

    assert len(summary) <= 80 - len("  ") * 2 - max(map(len, names)) - 2
    assert summary.endswith(".")


@pytest.mark.parametrize("words", COMMANDS)
def test_every_option_has_text_and_a_readable_value(cli: Cli, words: str) -> None:
    assert [p.name for p in COMMANDS[words].params if not p.help] == []
    text = cli(*words.split(), "--help").out

    assert re.findall(r"<\w+|\{|\}\.\.\.|list\[", text.partition("Common options")[0]) == []
    assert max(map(len, text.splitlines())) <= 80 or "Examples:" in text


@pytest.mark.parametrize("words", ["states", "completion", "version", "config show", "db size"])
def test_what_has_no_clock_takes_no_other_time(words: str) -> None:
    assert "--at" not in {option for param in COMMANDS[words].params for option in param.opts}


def test_the_version_names_the_commit_of_the_checkout(cli: Cli) -> None:
    git = shutil.which("git")
    asked = git and subprocess.run(
        [git, "rev-parse", "HEAD"], cwd=PROJECT, capture_output=True, text=True, check=False
    )
    if not asked or asked.returncode:
        pytest.skip("this is no checkout, or there is no git")

    assert json.loads(cli("version", "-o", "json").out)["commit"] == asked.stdout.strip()


def test_every_common_option_is_taken_off_the_words_before_the_command() -> None:
    for _, annotation, default in SHARED:
        option = annotation.__metadata__[0]
        for name in (option.default, *option.param_decls):
            words = [name] if isinstance(default, bool) else [name, "x"]

            assert leading([*words, "ticket"]) == (words, ["ticket"])
