"""`savctl keys` as an operator meets it (rules 13.5)."""

from __future__ import annotations

import json
import sqlite3
import stat
from contextlib import closing
from pathlib import Path

import pytest

from savctl.persistence.engine import Database
from savctl.ports import SetClock
from tests.conftest import Cli
from tests.encryption.conftest import a_key_line, put_key
from tests.given import created, rows, snapshot, write
from tests.impatience import impatient

pytestmark = pytest.mark.each_database("what is rotated is stored as JSON")

WORD = "Zaphod-4711"
PLAIN = json.dumps({"contact": {"name": WORD}, "phone": WORD, "other": 1.50})


def some_plain(database: Database, clock: SetClock, count: int = 3) -> list[int]:
    """Tickets whose metadata another program wrote."""
    ids = [created(database, clock).id for _ in range(count)]
    write(database, f"UPDATE support_tickets SET metadata = '{PLAIN}'")
    return ids


def status(cli: Cli) -> tuple[int, dict[str, object]]:
    outcome = cli("keys", "status", "-o", "json")
    return outcome.code, json.loads(outcome.out)


def metadata_of(database: Database) -> list[str]:
    found = rows(database, "SELECT metadata FROM support_tickets ORDER BY id")
    return [str(row["metadata"]) for row in found]


def test_a_key_is_made_in_a_file_that_only_its_owner_reads_and_is_never_printed(
    cli: Cli, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "new-keys"
    monkeypatch.setenv("SAVCTL_KEYS_FILE", str(path))

    first = cli("keys", "generate", "--kid", "a", "-o", "json")
    second = cli("keys", "generate", "--kid", "b.2")
    again = cli("keys", "generate", "--kid", "a")
    wrong = cli("keys", "generate", "--kid", "a/b")

    lines = path.read_text().splitlines()
    assert (first.code, second.code, again.code, wrong.code) == (0, 0, 5, 2)
    assert json.loads(first.out) == {"kid": "a", "file": str(path)}
    assert [line.split()[0] for line in lines] == ["a", "b.2"]
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    printed = "".join(o.out + o.err for o in (first, second, again, wrong))
    assert not any(line.split()[1] in printed for line in lines)


def test_an_empty_file_that_others_may_read_is_closed_to_them(
    cli: Cli, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "empty"
    path.touch(0o644)
    monkeypatch.setenv("SAVCTL_KEYS_FILE", str(path))

    assert cli("keys", "generate", "--kid", "K1").code == 0

    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert cli("config", "check").code == 0


def test_a_folder_that_is_not_there_is_named(
    cli: Cli, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SAVCTL_KEYS_FILE", str(tmp_path / "none" / "keys"))

    outcome = cli("keys", "generate", "--kid", "K1")

    assert outcome.code == 2
    assert "Make its folder" in outcome.err


def test_a_dry_run_makes_no_key(configured: Path, cli: Cli) -> None:
    before = configured.read_text()

    assert cli("keys", "generate", "--kid", "K2", "--dry-run").code == 0
    assert cli("keys", "generate", "--kid", "K1", "--dry-run").code == 5

    assert configured.read_text() == before


def test_without_a_file_no_key_is_made_and_nothing_rotated(cli: Cli) -> None:
    assert cli("keys", "generate", "--kid", "K1").code == 2
    assert cli("keys", "rotate").code == 2
    assert status(cli) == (0, {"keys": [], "plain": 0, "unreadable": 0, "foreign": 0})


def test_rotation_encrypts_what_is_plain_and_moves_to_the_current_key(
    configured: Path, cli: Cli, database: Database, clock: SetClock
) -> None:
    ids = some_plain(database, clock)
    at = rows(database, "SELECT updated_at FROM support_tickets ORDER BY id")
    assert status(cli) == (
        10,
        {
            "keys": [{"kid": "K1", "current": True, "values": 0, "bundles": 0}],
            "plain": 6,
            "unreadable": 0,
            "foreign": 0,
        },
    )

    first = json.loads(cli("keys", "rotate", "-o", "json").out)
    cli("keys", "generate", "--kid", "K2")
    second = json.loads(cli("keys", "rotate", "-o", "json").out)
    third = json.loads(cli("keys", "rotate", "-o", "json").out)

    assert [one["changed"] for one in (first, second, third)] == [3, 3, 0]
    code, found = status(cli)
    assert code == 0
    assert found["keys"] == [
        {"kid": "K1", "current": False, "values": 0, "bundles": 0},
        {"kid": "K2", "current": True, "values": 6, "bundles": 0},
    ]
    shown = json.loads(cli("ticket", "show", f"id:{ids[0]}", "-o", "json").out)["metadata"]
    assert shown == json.loads(PLAIN)
    assert cli("keys", "status", "-o", "ids").out.split() == ["K1", "K2"]
    assert not any(WORD in text for text in metadata_of(database))
    assert rows(database, "SELECT updated_at FROM support_tickets ORDER BY id") == at
    noted = rows(database, "SELECT entry FROM savctl_audit WHERE action = 'keys_rotate'")
    assert [json.loads(row["entry"])["key"] for row in noted] == ["K1", "K2"]
    assert WORD not in repr(noted)


def test_a_dry_run_of_a_rotation_shows_the_tickets_and_changes_nothing(
    configured: Path, cli: Cli, database: Database, clock: SetClock
) -> None:
    ids = some_plain(database, clock)
    before = snapshot(database)

    outcome = cli("keys", "rotate", "--dry-run", "-o", "json")

    answer = json.loads(outcome.out)
    assert [item["id"] for item in answer["items"]] == ids
    assert answer["dry_run"] is True
    assert snapshot(database) == before


def test_values_without_their_key_are_named_and_left_as_they_are(
    configured: Path, cli: Cli, database: Database, clock: SetClock
) -> None:
    some_plain(database, clock, 2)
    assert cli("keys", "rotate").code == 0
    before = metadata_of(database)
    put_key(configured, a_key_line("K9"))
    write(database, f"""UPDATE support_tickets SET metadata = '{PLAIN}' WHERE id = 1""")

    outcome = cli("keys", "rotate", "-o", "json")

    answer = json.loads(outcome.out)
    assert (outcome.code, answer["changed"], answer["failed"]) == (3, 1, 1)
    assert [item["id"] for item in answer["items"]] == [2]
    assert "K1" in answer["items"][0]["reason"]
    assert metadata_of(database)[1] == before[1]
    code, found = status(cli)
    assert (code, found["unreadable"]) == (10, 2)
    assert found["keys"] == [
        {"kid": "K9", "current": True, "values": 2, "bundles": 0},
        {"kid": "K1", "current": False, "values": 2, "bundles": 0},
    ]


def test_keys_of_a_program_are_used_as_those_of_a_file(
    cli: Cli, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    keys = tmp_path / "printed"
    put_key(keys, a_key_line("P1"))
    monkeypatch.setenv("SAVCTL_KEYS_COMMAND", f"cat {keys}")
    create = ("ticket", "create", "--user", "4", "--subject", "a", "--description", "b")

    made = json.loads(cli(*create, "--meta", f"phone={WORD}", "-o", "json").out)

    assert made["metadata"]["phone"] == WORD
    assert status(cli)[1]["keys"] == [{"kid": "P1", "current": True, "values": 1, "bundles": 0}]
    keys.unlink()
    assert cli(*create, "--meta", f"phone={WORD}").code == 2


@pytest.mark.slow("doctor looks at everything six times")
def test_doctor_and_config_check_examine_the_keys(
    configured: Path, cli: Cli, database: Database, clock: SetClock
) -> None:
    some_plain(database, clock)

    def line() -> dict[str, str]:
        found = json.loads(cli("doctor", "-o", "json").out)
        return next(row for row in found if row["check"] == "keys")

    assert line()["level"] == "warn"
    assert "6 values not encrypted" in line()["found"]
    cli("keys", "rotate")
    assert (line()["level"], line()["found"]) == ("ok", "1 key, K1 is current")
    configured.chmod(0o640)
    assert line()["level"] == "error"
    assert "0640" in line()["found"]
    assert cli("config", "check").code == 2
    configured.chmod(0o400)
    assert cli("config", "check").code == 0


def test_without_keys_doctor_says_that_nothing_is_encrypted(cli: Cli, database: Database) -> None:
    found = json.loads(cli("doctor", "-o", "json").out)

    assert next(row["level"] for row in found if row["check"] == "keys") == "off"


@pytest.mark.parametrize("paths", ["history", "tags,phone", "a..b", "sla.promise"])
def test_savctls_own_members_cannot_be_encrypted(
    paths: str, cli: Cli, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SAVCTL_ENCRYPTED_METADATA", paths)

    assert cli("config", "check").code == 2


@pytest.mark.only_on("sqlite")
def test_after_a_rotation_no_plain_value_is_left_in_the_file(
    configured: Path, cli: Cli, database: Database, clock: SetClock, tmp_path: Path
) -> None:
    some_plain(database, clock, 20)
    long = json.dumps({"phone": WORD * 3_000})  # fills pages of its own, which are free then
    database.close()
    with closing(sqlite3.connect(tmp_path / "savctl.db")) as other:  # of another program
        other.execute("PRAGMA secure_delete=OFF")
        other.execute("UPDATE support_tickets SET metadata = ? WHERE id > 10", (long,))
        other.execute("DELETE FROM support_tickets WHERE id > 10")
        other.commit()
        assert any(WORD.encode() in path.read_bytes() for path in tmp_path.glob("savctl.db*"))

        assert cli("keys", "rotate").code == 0

        files = list(tmp_path.glob("savctl.db*"))
        assert len(files) > 1, "the log is there as long as somebody is connected"
        assert not any(WORD.encode() in path.read_bytes() for path in files)


@pytest.mark.only_on("sqlite")
def test_a_reader_that_keeps_old_pages_is_named(
    configured: Path,
    cli: Cli,
    database: Database,
    clock: SetClock,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    impatient(monkeypatch)
    some_plain(database, clock)
    with closing(sqlite3.connect(tmp_path / "savctl.db")) as other:
        other.execute("PRAGMA busy_timeout=0")
        other.execute("BEGIN")
        other.execute("SELECT COUNT(*) FROM support_tickets").fetchone()

        outcome = cli("keys", "rotate")

    assert outcome.code == 0
    assert "run 'savctl keys rotate' again" in outcome.err
    assert not any(WORD in text for text in metadata_of(database))
