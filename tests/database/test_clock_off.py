"""Every command on a host whose clock is off: what decides is refused, the rest answers."""

from __future__ import annotations

import shlex
from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from savctl.cli.framework.effects import EFFECTS, Effect
from savctl.persistence.engine import Database
from savctl.ports import system_clock
from tests.cli.shop import (
    ARCHIVED,
    COMMANDS,
    add_keys,
    close_long_ago,
    examples,
    open_shop,
    words_of,
)
from tests.conftest import Cli
from tests.given import DAY, SECOND, snapshot

pytestmark = pytest.mark.only_on("mariadb", "mysql")

MINUTE = 60 * SECOND
LARGE = (10 * MINUTE, -10 * MINUTE, 8 * DAY, -8 * DAY)
# They play, wait for ever, write a file only, or speak with the broker only; the scheduler is
# tried by its tick.
BROKERS = {"event setup", "event relay", "event replay", "sync setup"}
ELSEWHERE = {"demo", "scheduler run", "keys generate", *BROKERS}
WRITING = [w for w in COMMANDS if EFFECTS[w] is not Effect.READS and w not in ELSEWHERE]
READING = ("ticket list", "ticket show", "job list", "job why", "sla due", "event status")

SetOff = Callable[[timedelta], None]


@pytest.fixture
def set_off(monkeypatch: pytest.MonkeyPatch) -> SetOff:
    """Sets this host's clock off by so much."""

    def off(skew: timedelta) -> None:
        def host_clock() -> datetime:
            return system_clock() + skew

        monkeypatch.setattr("savctl.cli.framework.context.system_clock", host_clock)

    return off


def words(command: str) -> list[str]:
    """The words of its first example, for real and confirmed."""
    given = [w for w in shlex.split(examples(COMMANDS[command])[0])[1:] if w != "--dry-run"]
    can_ask = "yes" in {parameter.name for parameter in COMMANDS[command].params}
    return [*given, "--yes"] if can_ask and "--yes" not in given else given


# These answer that the backup does not exist before they come to store anything.
FIND_FIRST = {"backup restore", "backup verify"}


@pytest.mark.slow("runs every command")
@pytest.mark.parametrize("skew", LARGE, ids=str)
def test_what_stores_something_is_refused_and_what_reads_answers(
    cli: Cli,
    database: Database,
    tmp_path: Path,
    set_off: SetOff,
    monkeypatch: pytest.MonkeyPatch,
    skew: timedelta,
) -> None:
    monkeypatch.setenv("SAVCTL_BROKER_URL", "amqp://guest:guest@127.0.0.1:1/")
    for name in ("BACKUP", "MIRROR"):
        monkeypatch.setenv(f"SAVCTL_{name}_URL", f"file://{tmp_path}/{name}")
    open_shop(database, tmp_path)
    add_keys(tmp_path)
    close_long_ago(database, ARCHIVED)
    assert cli("archive", "run").code == 0
    words_of(database, "savctl ticket show TKT-7K2M9QXA")
    before, wrong = snapshot(database), {}
    set_off(skew)

    for command in (name for name in WRITING if name not in FIND_FIRST):
        outcome = cli(*words(command))
        says = "this host's clock is" in outcome.err and "database" in outcome.err
        if outcome.code != 8 or not says or outcome.out:
            wrong[command] = (outcome.code, outcome.err)

    assert wrong == {}
    assert snapshot(database) == before
    codes = {command: cli(*words(command)).code for command in READING}

    assert codes == dict.fromkeys(READING, 0)
    doctor = cli("doctor")
    assert doctor.code == 10
    assert "refused here (exit 8)" in doctor.out + doctor.err


def test_a_dry_run_shows_what_it_would_do_and_says_that_the_real_run_would_stop(
    cli: Cli, database: Database, tmp_path: Path, set_off: SetOff
) -> None:
    open_shop(database, tmp_path)
    set_off(8 * DAY)

    outcome = cli("job", "run", "auto-close", "--dry-run", "-o", "json")

    assert outcome.code == 0
    assert '"outcome": "changed"' in outcome.out
    assert "8 days ahead" in outcome.err
    assert "the real run would stop" in outcome.err
    then = (system_clock() + 8 * DAY).isoformat()
    assert "clock is" not in cli("job", "run", "auto-close", "-n", "--at", then).err


@pytest.mark.parametrize("skew", [10 * SECOND, -10 * SECOND], ids=str)
def test_a_small_difference_refuses_nothing(
    cli: Cli, database: Database, tmp_path: Path, set_off: SetOff, skew: timedelta
) -> None:
    open_shop(database, tmp_path)
    words_of(database, "savctl ticket show TKT-7K2M9QXA")
    set_off(skew)

    for given in (
        "assign {} --to 10",
        "wait {}",
        "resume {}",
        "resolve {}",
        "close {} --reason x",
    ):
        outcome = cli("ticket", *given.format("TKT-7K2M9QXA").split())
        assert outcome.code == 0, outcome.err

    assert cli("job", "run", "auto-close").code == 0
    assert cli("scheduler", "tick").code == 0
