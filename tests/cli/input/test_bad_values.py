"""Wrong input: the right exit code, a message that names the thing, and nothing written."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from savctl.domain.model.states import Status
from savctl.persistence.engine import Database
from savctl.ports import SetClock
from tests.conftest import Cli
from tests.given import brought_to, snapshot

USAGE, REFUSED = 2, 5
NEW = ("ticket", "create", "--user", 456, "--subject", "s", "--description", "d")
LONG = "x" * 256
BROKEN = "a\udcff"  # what Python makes of the byte FF on a command line


def creating(name: str, value: object) -> tuple[object, ...]:
    """`ticket create` with one option set, instead of or beside the usual ones."""
    if name not in NEW:
        return (*NEW, name, value)
    at = NEW.index(name)
    return (*NEW[: at + 1], value, *NEW[at + 2 :])


WRONG_IDS = (0, -1, 2**64, 10**30, "abc", "1.5", "1_000", "\uff11\uff12", "\u0663", "")

CASES: list[tuple[tuple[object, ...], int, str]] = [
    *((creating("--user", wrong), USAGE, "--user") for wrong in WRONG_IDS),
    *((creating("--order", wrong), USAGE, "--order") for wrong in WRONG_IDS),
    *((creating("--as", wrong), USAGE, "--as") for wrong in WRONG_IDS),
    *((("ticket", "assign", "{it}", "--to", wrong), USAGE, "--to") for wrong in WRONG_IDS),
    *((("ticket", "list", "--user", wrong), USAGE, "--user") for wrong in WRONG_IDS),
    *((("user", "show", wrong), USAGE, "") for wrong in WRONG_IDS),
    *((("message", "read", "{it}", "--by", wrong), USAGE, "--by") for wrong in WRONG_IDS),
    *((("ticket", "show", wrong), USAGE, "") for wrong in (0, -1, 2**63, 2**64, 10**30, "")),
    (("ticket", "show", "x" * 256), USAGE, "names no ticket"),
    (("ticket", "show", BROKEN), USAGE, "names no ticket"),
    *(
        (("message", "add", "{it}", "--from", who, "--body", "x"), USAGE, "--from")
        for who in ("customer:0", "customer:abc", "customer", "admin:1", "agent:", "agent:\u0663")
    ),
    (("message", "add", "{it}", "--from", f"agent:{2**64}", "--body", "x"), USAGE, "--from"),
    (creating("--subject", LONG), USAGE, "subject has 256 characters"),
    (creating("--subject", "\0"), USAGE, "subject contains a NUL"),
    (creating("--subject", BROKEN), USAGE, "subject is not valid UTF-8"),
    (creating("--description", "x" * 65_536), USAGE, "description has 65536 bytes"),
    (creating("--description", "é" * 32_768), USAGE, "description has 65536 bytes"),
    (creating("--description", BROKEN), USAGE, "description is not valid UTF-8"),
    (creating("--description", "<b>x</b>" + "&" * 60_000), USAGE, "description has"),
    (creating("--category", LONG), USAGE, "category has 256 characters"),
    (creating("--category", BROKEN), USAGE, "category is not valid UTF-8"),
    (creating("--tag", LONG), USAGE, "tag has 256 characters"),
    (creating("--tag", BROKEN), USAGE, "tag is not valid UTF-8"),
    (creating("--meta", "no-value"), USAGE, "--meta 'no-value'"),
    (creating("--meta", "=1"), USAGE, "--meta"),
    (creating("--meta", f"{LONG}=1"), USAGE, "metadata name has 256 characters"),
    (creating("--meta", f"a={BROKEN}"), USAGE, "metadata a is not valid UTF-8"),
    (creating("--meta", "a=x\0"), USAGE, "metadata a contains a NUL"),
    *((creating("--meta", f"{key}=1"), USAGE, key) for key in ("history", "sla", "tags", "vip")),
    *(
        (creating("--order-value", wrong), USAGE, "--order-value")
        for wrong in ("abc", "-1", "nan", "inf", "1e999", "")
    ),
    (creating("--priority", "hihg"), USAGE, "Did you mean 'high'?"),
    (creating("--follow-up-of", "TKT-NOSUCH00"), 4, "TKT-NOSUCH00"),
    (creating("--idempotency-key", LONG), USAGE, "idempotency key has 256 characters"),
    (creating("--idempotency-key", ""), USAGE, "idempotency key is empty"),
    (creating("--idempotency-key", BROKEN), USAGE, "idempotency key is not valid UTF-8"),
    (("ticket", "close", "{it}", "--reason", "x" * 1_001), USAGE, "reason has 1001 characters"),
    (("ticket", "close", "{it}", "--reason", BROKEN), USAGE, "reason is not valid UTF-8"),
    (("ticket", "close", "{it}"), USAGE, "a reason is needed"),
    (("ticket", "close", "{it}", "--duplicate-of", "{it}"), USAGE, "duplicate of itself"),
    (("ticket", "resolve", "{it}", "--message", "x" * 65_536, "--as", 10), USAGE, "message has"),
    (("ticket", "resolve", "{it}", "--message", "<b>x</b>" + "&" * 60_000), USAGE, "message has"),
    (("ticket", "resolve", "{it}", "--message", "<script>x</script>"), USAGE, "message is empty"),
    (("ticket", "edit", "{it}"), USAGE, "nothing to change"),
    (("ticket", "edit", "{it}", "--subject", LONG), USAGE, "subject has 256 characters"),
    (("ticket", "priority", "{it}", "urgnet", "--reason", "x"), USAGE, "'urgent'"),
    (("ticket", "list", "--status", "opne"), USAGE, "Did you mean 'open'?"),
    (("ticket", "list", "--priority", "uregnt"), USAGE, "Did you mean 'urgent'?"),
    (("ticket", "list", "--sort", "statsu"), USAGE, "statsu"),
    (("ticket", "list", "--agent", "nobody"), USAGE, "--agent 'nobody'"),
    (("ticket", "list", "--category", BROKEN), USAGE, "category is not valid UTF-8"),
    (("ticket", "list", "--tag", BROKEN), USAGE, "tag is not valid UTF-8"),
    (("ticket", "list", "--after", "TKT-NOSUCH00"), 4, "TKT-NOSUCH00"),
    (("ticket", "list", "--after", "rubbish"), USAGE, "the last ticket of the page before"),
    (("ticket", "list", "--limit", "rubbish"), USAGE, "0 shows all"),
    *((("ticket", "list", "--limit", n), USAGE, "--limit") for n in (-1, "abc", 2**64)),
    *((("event", "list", "--limit", n), USAGE, "--limit") for n in (-1, "abc", 2**64)),
    *((("event", "list", "--after", n), USAGE, "--after") for n in (-1, "abc", 2**64)),
    *(
        (("ticket", "list", "--since", wrong), USAGE, "--since")
        for wrong in ("yesterday", "2025-13-01", "7", "", "99999999d", "\u0667d")
    ),
    (("ticket", "list", "--until", "2025-02-30"), USAGE, "--until"),
    (("ticket", "list", "--at", "soon"), USAGE, "soon"),
    (("ticket", "show", "{it}", "--with", "mesages"), USAGE, "Did you mean 'messages'?"),
    (("ticket", "list", "--color", "sometimes"), USAGE, "--color 'sometimes'"),
    (("ticket", "asign", "{it}"), USAGE, "asign"),
    (("tikcet", "list"), USAGE, "tikcet"),
    (("ticket", "list", "--statsu", "open"), USAGE, "--statsu"),
    (("ticket", "assign", "{it}"), USAGE, "--to"),
    ((*NEW, "--at", "2025-10-03"), USAGE, "--at"),
    (("ticket", "assign", "{it}", "--to", 10, "--at", "7d"), USAGE, "--at"),
    (("message", "add", "{it}", "--from", "customer:456", "--body", "x", "--internal"), 5, "only"),
    (("message", "add", "{it}", "--from", "agent:10", "--body", "x", "--reopen"), 5, "--reopen"),
    (("ticket", "list", "--config", "nowhere.toml"), USAGE, "nowhere.toml"),
    (("event", "show", 999_999), 4, "999999"),
    (("event", "show", 10**40), 4, "0000"),
    (("event", "show", BROKEN), 4, ""),
    (("event", "show", "\u0661"), 4, ""),
    (("user", "show", 999_999), 4, "999999"),
]


@pytest.mark.parametrize(("words", "code", "named"), CASES)
def test_wrong_input_is_named_and_nothing_is_written(
    cli: Cli,
    database: Database,
    clock: SetClock,
    words: tuple[object, ...],
    code: int,
    named: str,
) -> None:
    ticket = brought_to(database, clock, Status.IN_PROGRESS)
    before = snapshot(database)

    outcome = cli(
        *(str(word).replace("{it}", ticket.ticket_number) for word in words), "-o", "json"
    )

    assert (outcome.code, outcome.out) == (code, "")
    (line,) = outcome.err.splitlines()
    error = json.loads(line)["error"]
    assert error["exit"] == code
    assert named in f"{error['message']} {error['hint']}"
    assert snapshot(database) == before


def test_an_unknown_format_gets_a_guess(cli: Cli) -> None:
    outcome = cli("ticket", "list", "-o", "jsno")

    assert (outcome.code, outcome.out) == (USAGE, "")
    assert "Did you mean 'json" in outcome.err


@pytest.mark.parametrize(
    ("content", "named"),
    [
        (b"a\0b", "description contains a NUL"),
        (b"\xff\xfe", "is not UTF-8 text"),
        (b"\xed\xa0\x80", "is not UTF-8 text"),
        (b"", "description is empty"),
        (b"\n", "description is empty"),
        (b"x" * 65_536, "description has 65536 bytes"),
        ("é".encode() * 140_000, "description has over"),
    ],
)
def test_a_file_that_holds_no_fitting_text(
    cli: Cli, database: Database, tmp_path: Path, content: bytes, named: str
) -> None:
    (tmp_path / "letter").write_bytes(content)
    before = snapshot(database)

    outcome = cli(*creating("--description", f"@{tmp_path / 'letter'}"))

    assert (outcome.code, outcome.out) == (USAGE, "")
    assert named in outcome.err
    assert snapshot(database) == before


@pytest.mark.parametrize("place", ["nowhere", "."])
def test_a_file_that_cannot_be_read(cli: Cli, place: str) -> None:
    outcome = cli(*creating("--description", f"@{place}"))

    assert (outcome.code, outcome.out) == (USAGE, "")
    assert "description: cannot read" in outcome.err


def test_an_unknown_user_is_a_warning_only(cli: Cli) -> None:
    outcome = cli(*NEW, "--as", 7, "-o", "json")

    assert outcome.code == 0
    assert json.loads(outcome.out)["user_id"] == 456
    assert list(json.loads(outcome.err)) == ["warning"]
    assert "users 7, 456 are not in the users table yet; saved anyway" in outcome.err
