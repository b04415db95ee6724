"""`savctl demo`: a shop that is the same for the same seed, and that harms nobody's database."""

from __future__ import annotations

import json
import os
import re
import shlex
import shutil
from collections.abc import Mapping
from dataclasses import fields
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from savctl.cli.framework.run import run
from savctl.config.settings import Settings
from savctl.domain.model.states import TRANSITIONS
from savctl.persistence.engine import Database
from savctl.scheduling.job import all_jobs
from tests.conftest import Cli, Outcome
from tests.given import rows

pytestmark = [
    pytest.mark.each_database("months of a shop, on each"),
    pytest.mark.slow("plays months of a shop"),
]

UNTIL = "2025-10-03T10:30:00Z"
SMALL = ("demo", "--tickets", 60, "--months", 2, "--until", UNTIL)
TINY = ("demo", "--tickets", 10, "--months", 1, "--until", UNTIL)  # where any demo will do
NUMBERS = "SELECT ticket_number FROM support_tickets ORDER BY id"


@pytest.fixture
def home(environment: dict[str, str], tmp_path: Path) -> Path:
    return tmp_path / "home" / "demo"


@pytest.fixture
def shop(
    environment: dict[str, str],
    home: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    tmp_path: Path,
) -> Cli:
    """Run `savctl WORDS…` with nothing configured: no server is needed for that."""
    for name in list(os.environ):
        if name not in environment and not name.startswith("PYTEST"):
            monkeypatch.delenv(name)
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setenv("SAVCTL_HOME", str(home.parent))
    monkeypatch.chdir(tmp_path)

    def call(*words: object) -> Outcome:
        capsys.readouterr()
        code = run([str(word) for word in words])
        shown = capsys.readouterr()
        return Outcome(code, shown.out, shown.err)

    return call


def played(shop: Cli, *words: object) -> Mapping[str, Any]:
    """The answer of a demo."""
    shown = shop(*SMALL, *words, "-o", "json")
    assert shown.code == 0, shown.err
    answer: Mapping[str, Any] = json.loads(shown.out)
    return answer


@pytest.fixture(scope="session")
def shelf(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder for the demo that several tests look at."""
    return tmp_path_factory.mktemp("shelf")


@pytest.fixture
def ready(shop: Cli, home: Path, shelf: Path) -> Mapping[str, Any]:
    """A demo in `home`, as its answer; played by the first who asks, the others get a copy."""
    kept = shelf / "answer.json"
    if not kept.exists():
        answer = json.dumps(played(shop))
        shutil.copytree(home, shelf / "demo")
        kept.write_text(answer.replace(str(home), "HOME"))
    elif not home.exists():
        shutil.copytree(shelf / "demo", home)
    found: Mapping[str, Any] = json.loads(kept.read_text().replace("HOME", str(home)))
    return found


def stories(place: str) -> list[tuple[object, ...]]:
    """What tells one demo from another: every ticket with its history."""
    found = rows(Database(f"sqlite:///{place}"), "SELECT * FROM support_tickets ORDER BY id")
    return [tuple(row.values()) for row in found]


def test_the_answer_is_one_screenful(shop: Cli) -> None:
    shown = shop(*SMALL)

    lines = shown.out.splitlines()
    assert shown.code == 0
    assert 20 <= len(lines) <= 40
    assert all(len(line) <= 100 or line.startswith(("  export", "Try it")) for line in lines)


def test_the_same_seed_tells_the_same_story(shop: Cli, ready: Mapping[str, Any]) -> None:
    first = stories(ready["database"])
    again = stories(played(shop)["database"])
    other = stories(played(shop, "--seed", 8)["database"])

    assert first == again
    assert first != other


def test_every_step_was_legal_and_the_jobs_did_their_part(
    home: Path, ready: Mapping[str, Any]
) -> None:
    legal = {(str(t.origin), str(t.to)) for t in TRANSITIONS}
    demo = Database(f"sqlite:///{home}/savctl.db")
    for row in rows(demo, "SELECT metadata FROM support_tickets"):
        entries = json.loads(row["metadata"])["history"]
        steps = [(e["from"], e["to"]) for e in entries if e["action"] == "status"]
        assert set(steps) <= legal
        assert [e["at"] for e in entries] == sorted(e["at"] for e in entries)
    assert ready["unexplained"] == 0
    assert {one["by"] for one in ready["closed"]} == {"hand", "system"}
    assert ready["jobs"]["close-resolved"]["closed"] > 0
    runs = rows(demo, "SELECT job, status FROM savctl_runs")
    assert {run["job"] for run in runs} == set(all_jobs())
    assert {run["status"] for run in runs} == {"ok"}
    assert rows(demo, "SELECT ticket_id FROM savctl_sla_breaches") != []


def test_no_breach_was_missed_or_found_late(
    shop: Cli, home: Path, ready: Mapping[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SAVCTL_DATABASE_URL", f"sqlite:///{home}/savctl.db")

    at = ("--at", "2025-10-03T10:30:30Z")
    shown = shop("sla", "audit", "--dry-run", *at, "-o", "json")

    assert shown.code == 0, shown.out
    assert json.loads(shown.out)["items"] == []


def test_a_demo_in_which_somebody_worked_is_not_thrown_away_unasked(
    shop: Cli, home: Path, ready: Mapping[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as inside:
        inside.setenv("SAVCTL_DATABASE_URL", f"sqlite:///{home}/savctl.db")
        new = ("ticket", "create", "--user", 456, "--subject", "mine", "--description", "d")
        assert shop(*new).code == 0
    worked_in = stories(f"{home}/savctl.db")

    refused = shop(*SMALL)

    assert (refused.code, refused.out) == (6, "")
    assert "1 change" in refused.err
    assert "--home DIR" in refused.err
    assert stories(f"{home}/savctl.db") == worked_in
    assert shop(*SMALL, "--yes").code == 0
    assert stories(f"{home}/savctl.db") != worked_in


def test_a_seed_has_the_same_ticket_numbers_whenever_it_ends(
    shop: Cli, ready: Mapping[str, Any], tmp_path: Path
) -> None:
    place = tmp_path / "later"
    shown = shop(*SMALL[:-2], "--until", "2025-10-05T17:41:00Z", "--home", place, "-o", "json")
    assert shown.code == 0, shown.err

    numbers = [
        [row["ticket_number"] for row in rows(Database(f"sqlite:///{database}"), NUMBERS)]
        for database in (ready["database"], place / "savctl.db")
    ]
    shorter = min(map(len, numbers))
    assert shorter > 40
    assert numbers[0][:shorter] == numbers[1][:shorter]


def test_both_languages_are_spoken(ready: Mapping[str, Any]) -> None:
    demo = Database(f"sqlite:///{ready['database']}")
    found = rows(demo, "SELECT message FROM ticket_messages")

    texts = " ".join(row["message"] for row in found)
    assert "Bonjour" in texts or "colis" in texts
    assert "parcel" in texts or "photo" in texts


def test_the_commands_it_suggests_work(
    shop: Cli, home: Path, ready: Mapping[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    commands = ready["next"]

    monkeypatch.setenv("SAVCTL_DATABASE_URL", f"sqlite:///{home}/savctl.db")
    for command in commands:
        shown = shop(*shlex.split(command)[1:])
        assert shown.code == 0, (command, shown.err)
        if " --with messages" in command:
            assert re.search(r"^Conversation \(\d+\)$", shown.out, re.MULTILINE)
    assert any(re.search(r"ticket show TKT-\w{8} --with messages", one) for one in commands)


def test_invariants_hold_in_the_shop(
    shop: Cli, home: Path, ready: Mapping[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SAVCTL_DATABASE_URL", f"sqlite:///{home}/savctl.db")
    shown = shop("db", "check")

    assert shown.code == 0, shown.out


def test_the_configured_database_is_not_touched(cli: Cli, database: Database) -> None:
    assert cli(*TINY).code == 0

    assert rows(database, "SELECT id FROM support_tickets") == []


def test_a_database_that_is_no_demo_is_left_alone(
    shop: Cli, home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = tmp_path / "real"
    monkeypatch.setenv("SAVCTL_DATABASE_URL", f"sqlite:///{real}/savctl.db")
    shop("ticket", "create", "--user", 5, "--subject", "Real", "--description", "A real one.")

    shown = shop(*SMALL, "--home", real)

    assert shown.code == 5
    assert "not a demo database" in shown.err
    assert (
        len(rows(Database(f"sqlite:///{real}/savctl.db"), "SELECT id FROM support_tickets")) == 1
    )
    assert list(real.glob(".making*")) == []


def test_the_configured_one_needs_a_word_and_must_be_empty(cli: Cli, database: Database) -> None:
    into = (*TINY, "--into-configured-database")

    assert cli(*into).code == 6
    assert rows(database, "SELECT id FROM support_tickets") == []
    assert cli(*into, "--yes").code == 0
    assert len(rows(database, "SELECT id FROM support_tickets")) >= 10
    assert cli(*into, "--yes").code == 5


@pytest.mark.parametrize("into", [(), ("--into-configured-database", "--yes")])
def test_a_demo_leaves_no_trace_in_any_place_of_the_real_shop(
    shop: Cli, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, into: tuple[str, ...]
) -> None:
    places = [one.name for one in fields(Settings) if one.name.endswith("_url")]
    real = {
        name: tmp_path / "real" / name
        for name in places
        if name.removesuffix("_url") in {"storage", "archive", "analytics", "backup", "mirror"}
    }
    orphan = real["storage_url"] / "tickets" / "1" / "attachments" / "photo.jpg"
    orphan.parent.mkdir(parents=True)
    orphan.write_bytes(b"of a customer")
    os.utime(orphan, (0, 0))
    for name, folder in real.items():
        folder.mkdir(parents=True, exist_ok=True)
        monkeypatch.setenv(f"SAVCTL_{name.upper()}", f"file://{folder}")
    monkeypatch.setenv("SAVCTL_PING_URL", "http://127.0.0.1:9/{job}")
    monkeypatch.setenv("SAVCTL_ON_FAILURE", f"touch {tmp_path / 'real' / 'called'}")
    monkeypatch.setenv("SAVCTL_TICKET_CACHE_URL", "redis://127.0.0.1:9/0")
    monkeypatch.setenv("SAVCTL_BROKER_URL", "amqp://127.0.0.1:9/")

    shown = shop(*TINY, *into)

    assert shown.code == 0, shown.err
    assert [file for file in (tmp_path / "real").rglob("*") if file.is_file()] == [orphan]


def test_a_failing_demo_leaves_the_old_one(
    shop: Cli, home: Path, ready: Mapping[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    before = stories(ready["database"])

    def fail(*_: object, **__: object) -> None:
        raise RuntimeError("no more luck")

    monkeypatch.setattr("savctl.demo.story._luck", fail)
    assert shop(*SMALL).code == 1

    assert stories(str(home / "savctl.db")) == before
    assert list(home.glob(".making*")) == []


def test_it_ends_in_the_past_or_now(shop: Cli) -> None:
    later = datetime.now(UTC) + timedelta(days=2)

    assert shop("demo", "--until", later.isoformat()).code == 2


def test_a_log_is_replayed(shop: Cli, tmp_path: Path) -> None:
    (tmp_path / "log.toml").write_text(
        'times = ["YYYY-MM-DD HH:MM"]\n[fields]\nexternal_id = "case"\n'
        'user_id = { constant = 5 }\nsubject = { template = "Case {case}" }\n'
        'description = "case"\npriority = { constant = "low" }\n'
        '[replay]\nat = "at"\nwhat = "what"\nagent = { constant = 10 }\n'
        '[replay.means]\nstart = "take"\nask = "wait"\nsolve = "resolve"\nend = "close"\n'
    )
    lines = ["case,at,what", "A,2025-01-01 10:00,start", "A,2025-01-01 11:00,ask"]
    lines += ["B,2025-01-01 10:00,solve", "B,2025-02-01 10:00,start", "C,2025-02-01 10:00,sing"]
    (tmp_path / "log.csv").write_text("\n".join(lines) + "\n")

    shown = shop("demo", "--replay", "log.csv", "--map", "log.toml", "-o", "json")

    answer = json.loads(shown.out)
    assert shown.code == 3
    assert [bad["line"] for bad in answer["rejects"]] == [6]
    assert (answer["events"], answer["cases"], answer["applied"]) == (4, 2, 3)
    assert answer["changes_refused"] == [{"from": "open", "to": "resolved", "count": 1}]
    assert answer["jobs"]["auto-close"] == {"runs": 1, "changed": 1}
    off = shop("demo", "--replay", "log.csv", "--map", "log.toml", "--jobs", "off", "-o", "json")
    assert json.loads(off.out)["final"]["waiting_customer"] == 1


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (("--replay", "x.csv"), "needs --map FILE"),
        (("--map", "x.toml"), "go with --replay"),
        (("--replay", "x.csv", "--map", "x.toml", "--jobs", "some"), "not on, off or a list"),
    ],
)
def test_words_that_do_not_fit_are_refused(
    shop: Cli, tmp_path: Path, words: tuple[str, ...], message: str
) -> None:
    (tmp_path / "x.toml").write_text('[replay]\nat = "a"\nwhat = "b"\n')

    shown = shop("demo", *words)

    assert shown.code == 2
    assert message in shown.err
