"""Encrypted values of tickets: created, changed, archived, exported (rules 13.1, 13.3)."""

from __future__ import annotations

import io
import json
import zipfile
from pathlib import Path

import pytest

from savctl.domain.model.states import Status
from savctl.persistence.engine import Database
from savctl.ports import SetClock
from tests.access.token_users import with_token_of
from tests.conftest import Cli
from tests.encryption.conftest import a_key_line, put_key
from tests.given import brought_to, created, rows, write

pytestmark = pytest.mark.each_database("what is encrypted is stored as JSON")

WORD = "Zaphod-4711"  # a plain text that is looked for
VALUES: dict[str, object] = {"contact": {"name": WORD}, "phone": WORD, "address": [WORD]}
METADATA = "SELECT metadata FROM support_tickets"


def stored(database: Database) -> str:
    return "".join(str(row["metadata"]) for row in rows(database, METADATA))


def meta(values: dict[str, object]) -> list[str]:
    return [w for k, v in values.items() for w in ("--meta", f"{k}={json.dumps(v)}")]


def create(cli: Cli, *more: str) -> dict[str, object]:
    words = ("ticket", "create", "--user", "456", "--subject", "a", "--description", "b")
    outcome = cli(*words, *more, "-o", "json")
    assert outcome.code == 0, outcome.err
    answer: dict[str, object] = json.loads(outcome.out)
    return answer


def shown(cli: Cli, ticket: object) -> dict[str, object]:
    answer = json.loads(cli("ticket", "show", f"id:{ticket}", "-o", "json").out)
    found: dict[str, object] = answer["metadata"]
    return found


def everything(database: Database, folder: Path) -> bytes:
    """All that is stored: rows of every table and, of SQLite, the bytes of its files."""
    from tests.given import snapshot

    files = [path.read_bytes() for path in folder.glob("savctl.db*")]
    return repr(snapshot(database)).encode() + b"".join(files)


def test_a_value_is_stored_encrypted_and_shown_plain(
    configured: Path, cli: Cli, database: Database, tmp_path: Path
) -> None:
    made = create(cli, *meta({**VALUES, "free": 1}), "--idempotency-key", "once")

    assert WORD.encode() not in everything(database, tmp_path)
    assert stored(database).count("savctl:enc:1:K1:") == len(VALUES)
    found = shown(cli, made["id"])
    assert {name: found[name] for name in VALUES} == VALUES
    assert found["free"] == 1
    assert WORD in cli("ticket", "show", f"id:{made['id']}").out
    assert WORD in cli("ticket", "list", "-o", "json").out


def test_a_repeated_request_is_known_and_its_digest_needs_the_key(
    configured: Path, cli: Cli, database: Database
) -> None:
    once = ("--idempotency-key", "once")
    create_it = ("ticket", "create", "--user", "4", "--subject", "a", "--description", "b")
    made = json.loads(cli(*create_it, "--meta", f"phone={WORD}", *once, "-o", "json").out)
    digest = rows(database, "SELECT input_digest FROM savctl_idempotency")[0]["input_digest"]
    assert cli("keys", "generate", "--kid", "K2").code == 0

    again = json.loads(cli(*create_it, "--meta", f"phone={WORD}", *once, "-o", "json").out)
    other = cli(*create_it, "--meta", "phone=1", *once)

    assert (again["id"], again["replayed"], other.code) == (made["id"], True, 5)
    put_key(configured, a_key_line("K1"))
    assert cli(*create_it, "--meta", f"phone={WORD}", "--idempotency-key", "two").code == 0
    found = rows(database, "SELECT input_digest FROM savctl_idempotency ORDER BY created_at")
    assert [row["input_digest"] for row in found].count(digest) == 1


def test_a_ticket_with_a_file_leaves_no_plain_value_on_its_way(
    configured: Path, cli: Cli, database: Database, tmp_path: Path
) -> None:
    (tmp_path / "note.txt").write_text("hello")

    made = create(cli, *meta(VALUES), "--attach", str(tmp_path / "note.txt"))

    assert shown(cli, made["id"])["phone"] == WORD
    assert WORD.encode() not in everything(database, tmp_path)


def test_a_part_of_a_ticket_that_is_split_off_has_none_of_its_values(
    configured: Path, cli: Cli, database: Database
) -> None:
    made = create(cli, *meta(VALUES))
    words = ("--from", "customer:456", "--body", "Another thing", "-o", "json")
    message, _ = (
        json.loads(cli("message", "add", f"id:{made['id']}", *words).out) for _ in range(2)
    )

    split = cli("ticket", "split", f"id:{made['id']}", "--messages", message["id"], "-o", "json")

    assert split.code == 0, split.err
    assert stored(database).count("savctl:enc:") == len(VALUES)
    assert shown(cli, made["id"])["phone"] == WORD


def test_a_row_of_an_import_is_encrypted_as_well(
    configured: Path, cli: Cli, database: Database
) -> None:
    lines = [
        {"external_id": n, "user_id": 4, "subject": "a", "description": "b", "metadata": VALUES}
        for n in range(3)
    ]
    done = cli(
        *("ticket", "import", "-", "--format", "jsonl", "--source", "old"),
        stdin="\n".join(map(json.dumps, lines)),
    )

    assert done.code == 0, done.err
    assert stored(database).count("savctl:enc:1:K1:") == 3 * len(VALUES)
    assert WORD not in stored(database)
    assert [shown(cli, n)["phone"] for n in (1, 2, 3)] == [WORD] * 3


def test_an_edited_value_replaces_the_encrypted_one_and_leaves_no_plain_one(
    configured: Path, cli: Cli, database: Database, tmp_path: Path
) -> None:
    made = create(cli, *meta(VALUES))

    assert cli("ticket", "edit", f"id:{made['id']}", "--meta", 'phone={"a": "Zaphod-2"}').code == 0

    assert shown(cli, made["id"]).keys() >= VALUES.keys()
    assert shown(cli, made["id"])["phone"] == {"a": "Zaphod-2"}
    assert b"Zaphod" not in everything(database, tmp_path)


def test_without_keys_nothing_is_encrypted(cli: Cli, database: Database) -> None:
    create(cli, *meta(VALUES))

    assert WORD in stored(database)


def test_a_change_of_something_else_keeps_values_that_cannot_be_read(
    configured: Path, cli: Cli, database: Database
) -> None:
    made = create(cli, *meta(VALUES))
    before = json.loads(stored(database))
    configured.unlink()

    changed = cli("ticket", "assign", f"id:{made['id']}", "--to", "10", "-o", "json")

    after = json.loads(stored(database))
    assert changed.code == 0
    assert {name: after[name] for name in VALUES} == {name: before[name] for name in VALUES}
    assert json.loads(changed.out)["metadata"]["phone"] == "[encrypted: key K1]"
    assert "metadata.phone" in changed.err
    assert "cannot be read" in changed.err


@pytest.mark.parametrize(
    "spoil",
    [
        lambda path: path.unlink(),
        lambda path: put_key(path, "K1 rubbish\n"),
        lambda path: put_key(path, a_key_line("K1") + a_key_line("K1")),
        lambda path: path.chmod(0o644),
    ],
    ids=["gone", "malformed", "twice", "open to others"],
)
def test_without_usable_keys_a_sensitive_value_is_refused_and_reading_continues(
    spoil: object, configured: Path, cli: Cli, database: Database
) -> None:
    made = create(cli, *meta(VALUES))
    before = stored(database)
    spoil(configured)  # type: ignore[operator]

    refused = cli("ticket", "edit", f"id:{made['id']}", "--meta", f"email={WORD}")
    new = cli(
        *("ticket", "create", "--user", "4", "--subject", "a"),
        *("--description", "b", "--meta", f"email={WORD}"),
    )
    rotated = cli("keys", "rotate")

    assert (refused.code, new.code, rotated.code) == (2, 2, 2)
    assert "keys_file" in refused.err
    assert stored(database) == before
    read = cli("ticket", "show", f"id:{made['id']}", "-o", "json")
    assert read.code == 0
    assert json.loads(read.out)["metadata"]["phone"] == "[encrypted: key K1]"
    assert cli("ticket", "edit", f"id:{made['id']}", "--meta", "free=2").code == 0


def test_a_plain_value_of_another_program_stays_when_keys_are_gone(
    configured: Path, cli: Cli, database: Database, clock: SetClock
) -> None:
    ticket = created(database, clock)
    write(database, f"""UPDATE support_tickets SET metadata = '{{"phone": "{WORD}"}}'""")

    configured.unlink()
    assert cli("ticket", "assign", f"id:{ticket.id}", "--to", "10").code == 0

    assert shown(cli, ticket.id)["phone"] == WORD


def test_a_plain_value_of_another_program_is_encrypted_by_the_next_change(
    configured: Path, cli: Cli, database: Database, clock: SetClock
) -> None:
    ticket = created(database, clock)
    write(database, f"""UPDATE support_tickets SET metadata = '{{"phone": "{WORD}"}}'""")

    assert cli("ticket", "assign", f"id:{ticket.id}", "--to", "10").code == 0

    assert WORD not in stored(database)
    assert shown(cli, ticket.id)["phone"] == WORD


def test_a_value_pasted_into_another_ticket_is_damaged(
    configured: Path, cli: Cli, database: Database
) -> None:
    create(cli, *meta(VALUES))
    other = create(cli)
    write(
        database,
        f"UPDATE support_tickets SET metadata = '{stored(database).split('}{')[0]}}}' "
        f"WHERE id = {other['id']}",
    )

    outcome = cli("ticket", "show", f"id:{other['id']}", "-o", "json")

    assert json.loads(outcome.out)["metadata"]["phone"] == "[damaged]"
    assert "metadata.phone" in outcome.err


def test_an_encrypted_text_by_hand_is_taken_only_where_it_opens(
    configured: Path, cli: Cli, database: Database
) -> None:
    made = create(cli, *meta(VALUES))
    value = json.loads(stored(database))["phone"]

    elsewhere = cli("ticket", "edit", f"id:{made['id']}", "--meta", f"email={value}")
    in_place = cli("ticket", "edit", f"id:{made['id']}", "--meta", f"phone={value}")
    new = cli(
        *("ticket", "create", "--user", "4", "--subject", "a"),
        *("--description", "b", "--meta", f"phone={value}"),
    )

    assert (elsewhere.code, in_place.code, new.code) == (2, 0, 2)
    assert json.loads(stored(database))["phone"] == value


def test_an_export_carries_ciphertext_unless_it_is_asked_to_decrypt(
    configured: Path, cli: Cli, database: Database
) -> None:
    create(cli, *meta(VALUES))

    closed = cli("export", "tickets", "--out", "-", "--format", "jsonl")
    opened = cli("export", "tickets", "--out", "-", "--format", "jsonl", "--decrypt")

    assert WORD not in closed.out
    assert json.loads(opened.out)["metadata"]["phone"] == WORD
    noted = [
        json.loads(row["entry"])
        for row in rows(
            database, "SELECT entry FROM savctl_audit WHERE action = 'export' ORDER BY id"
        )
    ]
    assert [entry.get("decrypted", False) for entry in noted] == [False, True]


def test_an_agent_who_sees_the_ticket_reads_its_values_and_a_customer_none(
    configured: Path, cli: Cli, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = create(cli, *meta(VALUES))
    assert cli("ticket", "assign", f"id:{made['id']}", "--to", "10").code == 0

    with_token_of(monkeypatch, 10, "agent")
    agents = shown(cli, made["id"])
    with_token_of(monkeypatch, 456, "customer")
    customers = cli("ticket", "show", f"id:{made['id']}", "-o", "json")
    own = cli("gdpr", "export", "456", "--out", "own.zip")
    others = cli("export", "tickets", "--out", "all.jsonl", "--decrypt")

    assert {name: agents[name] for name in VALUES} == VALUES
    assert WORD not in customers.out + customers.err
    assert (customers.code, own.code, others.code) == (0, 0, 7)
    with zipfile.ZipFile("own.zip") as found:
        assert WORD in found.read("data.json").decode()


def test_the_export_of_a_person_is_decrypted(configured: Path, cli: Cli, tmp_path: Path) -> None:
    create(cli, *meta(VALUES))

    assert cli("gdpr", "export", "456", "--out", tmp_path / "p.zip").code == 0

    with zipfile.ZipFile(io.BytesIO((tmp_path / "p.zip").read_bytes())) as found:
        assert WORD in found.read("data.json").decode()
        assert "savctl:enc" not in found.read("data.json").decode()


def test_the_archive_holds_ciphertext_and_shows_it_plain(
    configured: Path, cli: Cli, database: Database, tmp_path: Path
) -> None:
    made = create(cli, *meta(VALUES))
    before = json.loads(stored(database))["phone"]
    assert cli("ticket", "close", f"id:{made['id']}", "--reason", "spam", "--yes").code == 0
    write(database, "UPDATE support_tickets SET closed_at = '2020-01-01 00:00:00'")
    assert cli("archive", "run", "--yes").code == 0

    shown_page = cli("archive", "show", f"id:{made['id']}")
    row = json.loads(cli("archive", "show", f"id:{made['id']}", "-o", "json").out)
    status = json.loads(cli("keys", "status", "-o", "json").out)
    raw = b"".join(_lines(path) for path in tmp_path.rglob("*") if path.is_file())

    assert WORD in shown_page.out
    assert row["metadata"]["phone"] == WORD
    assert before.encode() in raw
    assert WORD.encode() not in raw
    assert status["keys"] == [{"kid": "K1", "current": True, "values": 0, "bundles": 1}]
    assert (
        cli("archive", "restore", row["ticket_number"], "--confirm", row["ticket_number"]).code
        == 0
    )
    assert json.loads(stored(database))["phone"] == before
    assert shown(cli, made["id"])["phone"] == WORD


def test_a_ticket_archived_before_there_were_keys_is_encrypted_when_it_is_restored(
    cli: Cli, database: Database, keys_file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = create(cli, *meta(VALUES))
    assert cli("ticket", "close", f"id:{made['id']}", "--reason", "spam", "--yes").code == 0
    write(database, "UPDATE support_tickets SET closed_at = '2020-01-01 00:00:00'")
    assert cli("archive", "run", "--yes").code == 0
    monkeypatch.setenv("SAVCTL_KEYS_FILE", str(keys_file))
    number = str(made["ticket_number"])

    assert cli("archive", "restore", number, "--confirm", number).code == 0

    assert WORD not in stored(database)
    assert shown(cli, made["id"])["phone"] == WORD
    assert [entry["action"] for entry in shown(cli, made["id"])["history"]][-1] == "restored"  # type: ignore[attr-defined]


def test_a_job_encrypts_what_another_program_wrote_in_the_tickets_it_changes(
    configured: Path, cli: Cli, database: Database, clock: SetClock
) -> None:
    tickets = [brought_to(database, clock, Status.RESOLVED) for _ in range(3)]
    write(
        database,
        f"UPDATE support_tickets SET metadata = JSON_SET(metadata, '$.phone', '{WORD}'), "
        "resolved_at = '2025-10-03 10:30:00'",
    )

    assert cli("job", "run", "close-resolved", "--yes").code == 0

    assert WORD not in stored(database)
    assert [shown(cli, ticket.id)["phone"] for ticket in tickets] == [WORD] * 3
    states = rows(database, "SELECT status FROM support_tickets")
    assert [row["status"] for row in states] == ["closed"] * 3


def test_a_lost_key_does_not_fill_the_terminal(
    configured: Path, cli: Cli, database: Database
) -> None:
    for _ in range(22):
        create(cli, "--meta", f"phone={WORD}")
    configured.unlink()

    outcome = cli("ticket", "list", "-o", "json")

    assert outcome.code == 0
    assert {row["metadata"]["phone"] for row in json.loads(outcome.out)} == {"[encrypted: key K1]"}
    assert outcome.err.count("metadata.phone cannot be read") == 20
    assert outcome.err.count("keys status") == 1


def _lines(path: Path) -> bytes:
    """The bytes of a file, decompressed where it is compressed."""
    raw = path.read_bytes()
    if raw[:4] != b"\x28\xb5\x2f\xfd":
        return raw
    from zstandard import ZstdDecompressor

    return ZstdDecompressor().decompressobj().decompress(raw)
