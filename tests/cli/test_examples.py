"""Every example in every command's help is run, on a shop in which its tickets exist."""

from __future__ import annotations

import shlex
from pathlib import Path

import pytest

from savctl.persistence.engine import Database
from tests.cli.shop import (
    ANSWERS,
    COMMANDS,
    EXAMPLES,
    LONG,
    examples,
    shop_for,
)
from tests.conftest import Cli


@pytest.mark.parametrize("words", COMMANDS)
def test_every_command_has_help_that_leads_with_examples(words: str) -> None:
    command = COMMANDS[words]
    values = str(command.help).partition("\n")[0]

    assert values.endswith((".", ";"))
    assert examples(command)
    assert all(line.startswith(f"savctl {words}") for line in examples(command))


@pytest.mark.parametrize("example", EXAMPLES)
def test_the_words_of_the_example_are_understood(example: str) -> None:
    words = shlex.split(example)[1:]
    name = next(n for n in (" ".join(words[:k]) for k in (3, 2, 1)) if n in COMMANDS)

    with COMMANDS[name].make_context(name, words[len(name.split()) :]) as context:
        assert context.params


@pytest.mark.parametrize(
    "example", [e for e in EXAMPLES if e in ANSWERS or not e.startswith(LONG)]
)
def test_the_example_works(cli: Cli, database: Database, tmp_path: Path, example: str) -> None:
    words = shop_for(cli, database, tmp_path, example)

    outcome = cli(*words)

    assert outcome.code == ANSWERS.get(example, 0), outcome.err
