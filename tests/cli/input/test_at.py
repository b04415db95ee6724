"""`--at` shows another time; nothing is stored or given out at one (command line, 1.8)."""

from __future__ import annotations

import shlex
from pathlib import Path

import pytest

from savctl.cli.framework.effects import EFFECTS, Effect
from savctl.persistence.engine import Database
from savctl.ports import ObjectStore
from tests.cli.shop import (
    ARCHIVED,
    COMMANDS,
    close_long_ago,
    examples,
    home_store,
    open_shop,
    words_of,
)
from tests.conftest import Cli
from tests.given import rows, snapshot

FAR = "2099-01-01"
_NO_OPTION = {"--dry-run", "-n"}


def test_the_table_of_effects_names_every_command_and_no_other() -> None:
    assert set(EFFECTS) == set(COMMANDS)


@pytest.mark.parametrize("words", COMMANDS)
def test_what_offers_a_dry_run_does_not_only_read(words: str) -> None:
    offers = "dry_run" in {parameter.name for parameter in COMMANDS[words].params}

    assert not (offers and EFFECTS[words] is Effect.READS)


@pytest.mark.slow("runs every command")
@pytest.mark.only_on("sqlite")
def test_no_command_stores_anything_at_another_time(
    cli: Cli, database: Database, tmp_path: Path
) -> None:
    open_shop(database, tmp_path)
    close_long_ago(database, ARCHIVED)
    assert cli("archive", "run").code == 0
    words_of(database, "savctl ticket show TKT-7K2M9QXA")
    store = home_store(tmp_path)
    wrong: dict[str, str] = {}

    for words, command in COMMANDS.items():
        given = [word for word in shlex.split(examples(command)[0])[1:] if word not in _NO_OPTION]
        before = (snapshot(database), _objects(store))
        outcome = cli(*given, "--at", FAR)
        is_same = (snapshot(database), _objects(store)) == before
        is_refused = outcome.code == 2 and "--at sets the clock" in outcome.err
        is_right = is_same and is_refused is (EFFECTS[words] is not Effect.READS)
        if not is_right or (is_refused and "hint:" not in outcome.err):
            wrong[words] = f"{outcome.code}, same data: {is_same}: {outcome.err}"

    assert wrong == {}


@pytest.mark.only_on("sqlite")
@pytest.mark.parametrize("words", [("scheduler", "tick"), ("scheduler", "run")])
def test_a_scheduler_at_another_time_is_refused_and_pointed_to_dry_runs(
    cli: Cli, words: tuple[str, ...]
) -> None:
    outcome = cli(*words, "--at", FAR)

    assert outcome.code == 2
    assert "savctl job run NAME --dry-run --at TIME" in outcome.err


@pytest.mark.only_on("sqlite")
@pytest.mark.parametrize("verb", ["url", "get"])
def test_a_file_is_not_given_out_at_another_time(
    cli: Cli, database: Database, tmp_path: Path, verb: str
) -> None:
    open_shop(database, tmp_path)

    outcome = cli("attachment", verb, 1, "--as", 456, "--at", FAR, "-o", "json")

    assert (outcome.code, outcome.out) == (2, "")
    assert rows(database, "SELECT id FROM savctl_audit WHERE at > '2090-01-01'") == []


def _objects(store: ObjectStore) -> list[tuple[str, object]]:
    return [(found.key, found) for found in store.versions("")]
