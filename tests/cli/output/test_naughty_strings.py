"""Awkward text comes back as it was typed, and steers neither terminal nor spreadsheet."""

from __future__ import annotations

import csv
import io
import json
from pathlib import Path
from typing import Any

import pytest

from savctl.errors import InvalidInput
from savctl.persistence.engine import Database
from savctl.ports import SetClock
from savctl.usecases.operation import Operation
from savctl.usecases.tickets.conversation import add_message
from savctl.usecases.tickets.creation import edit_ticket
from savctl.usecases.tickets.transitions import close_ticket
from tests.cli import naughty
from tests.conftest import Cli
from tests.depth import deep
from tests.given import AGENT, CUSTOMER, created
from tests.text_safety.test_no_script import problems

pytestmark = pytest.mark.each_database("texts are stored as the columns hold them")

STRINGS = [*naughty.OWN, *naughty.outside()[:: deep(1, usual=4)]]


def value(text: str, folder: Path) -> str:
    """The text as `--description` takes it: `@` and `-` have a meaning there."""
    if text.startswith("@"):
        return f"@{text}"
    if text != "-":
        return text
    (folder / "text").write_text(f"{text}\n", encoding="utf-8")
    return f"@{folder / 'text'}"


def is_kept(text: str) -> bool:
    """Whether anything of a message is left when its HTML is made harmless."""
    return bool(naughty.stored_message(text))


@pytest.fixture
def stored(database: Database, clock: SetClock) -> dict[str, str]:
    """A ticket for each string, which stands in every field of it; the string by number."""
    numbers = {}
    for text in STRINGS:
        ticket = created(
            database,
            clock,
            subject=text,
            description=text if is_kept(text) else "x",
            category="before",
            tags=(text,),
            meta={"note": text, text: text} if text not in {"tags", "history"} else {},
        )
        edit_ticket(Operation(database, clock, actor=AGENT), ticket.id, {"category": text})
        close_ticket(Operation(database, clock, actor=AGENT), ticket.id, reason=text)
        numbers[ticket.ticket_number] = text
    return numbers


def shown(cli: Cli, *words: object) -> str:
    outcome = cli(*words, "--limit", 0)
    assert (outcome.code, outcome.err) == (0, "")
    return outcome.out


def test_every_field_comes_back_equal_and_steers_nothing(cli: Cli, stored: dict[str, str]) -> None:
    as_json = shown(cli, "ticket", "list", "-o", "json")
    as_lines = shown(cli, "ticket", "list", "-o", "jsonl")
    as_table = shown(cli, "ticket", "list")
    as_csv = shown(cli, "ticket", "list", "-o", "csv", "--columns", "ticket_number,subject")
    events = json.loads(shown(cli, "event", "list", "-o", "json"))

    rows: list[dict[str, Any]] = json.loads(as_json)
    assert [json.loads(line) for line in as_lines.splitlines()] == rows
    assert len(rows) == len(stored)
    for row in rows:
        text = stored[row["ticket_number"]]
        metadata = row["metadata"]
        assert (row["subject"], row["category"]) == (text, text)
        assert metadata["tags"] == [text]
        assert metadata.get(text, text) == text
        assert metadata["history"][-1]["reason"] == text
        assert row["description"] in {naughty.stored_message(text), "x"}
    assert naughty.steering(as_table) == set()
    assert naughty.steering(as_json) == set()
    cells = csv.DictReader(io.StringIO(as_csv, newline=""))
    assert {c["ticket_number"]: c["subject"] for c in cells} == {
        number: naughty.in_a_cell(text) for number, text in stored.items()
    }
    published = [event["envelope"]["data"] for event in events]
    assert {data["subject"] for data in published if "subject" in data} == set(STRINGS)
    assert {data["reason"] for data in published if data.get("new_status") == "closed"} == set(
        STRINGS
    )


def test_messages_come_back_as_typed_or_with_their_html_made_harmless(
    cli: Cli, database: Database, clock: SetClock
) -> None:
    ticket = created(database, clock)
    values = [text for text in STRINGS if is_kept(text)]
    for text in values:
        add_message(
            Operation(database, clock), ticket.id, sender=("customer", CUSTOMER), body=text
        )

    messages = json.loads(shown(cli, "message", "list", ticket.id, "-o", "json"))
    table = shown(cli, "message", "list", ticket.id)

    assert [m["message"] for m in messages] == [naughty.stored_message(text) for text in values]
    assert [text for text in values if problems(naughty.stored_message(text))] == []
    whole = "".join(m["message"] for m in messages if "<" in m["message"] and ">" in m["message"])
    assert "<script" not in whole.lower()
    assert naughty.steering(table) == set()


@pytest.mark.parametrize("text", ["<script>alert(1)</script>", "<style>x</style>"])
def test_a_message_of_which_nothing_is_left_is_refused(
    database: Database, clock: SetClock, text: str
) -> None:
    ticket = created(database, clock)

    with pytest.raises(InvalidInput, match="message is empty once its HTML is made harmless"):
        add_message(
            Operation(database, clock), ticket.id, sender=("customer", CUSTOMER), body=text
        )
    with pytest.raises(InvalidInput, match="description is empty once its HTML"):
        created(database, clock, description=text)


@pytest.mark.only_on("sqlite")  # what a line says is the same on all of them
@pytest.mark.parametrize("text", naughty.OWN)
def test_the_command_line_hands_text_on_as_it_was_typed(
    cli: Cli, text: str, tmp_path: Path
) -> None:
    born = cli(
        *("ticket", "create", "--user", 456, "--subject", "before", "--description", "before"),
        *("-o", "json"),
    )
    number = json.loads(born.out)["ticket_number"]
    body = value(text if is_kept(text) else "x", tmp_path)

    codes = [
        cli(
            *("ticket", "edit", number, "--subject", text, "--description", body),
            *("--category", text, "--tag", text, "--meta", f"note={json.dumps(text)}"),
        ).code,
        cli("message", "add", number, "--from", "customer:456", "--body", body).code,
        cli("ticket", "close", number, "--reason", text).code,
    ]

    assert codes == [0, 0, 0]
    row = json.loads(cli("ticket", "show", number, "--with", "messages", "-o", "json").out)
    message = naughty.stored_message(text if is_kept(text) else "x")
    assert (row["subject"], row["category"], row["description"]) == (text, text, message)
    assert (row["metadata"]["tags"], row["metadata"]["note"]) == ([text], text)
    assert row["metadata"]["history"][-1]["reason"] == text
    assert [m["message"] for m in row["messages"]] == [message]
    assert naughty.steering(cli("ticket", "show", number).out) == set()


@pytest.mark.outside
def test_the_big_list_was_there() -> None:
    if not naughty.outside():
        pytest.skip(f"{naughty.FILE} is not beside the project: only our own list was tried")
    assert len(naughty.outside()) > 450


@pytest.mark.parametrize(
    ("words", "name"),
    [
        (("create", "--user", 1, "--subject", "", "--description", "x"), "subject"),
        (("create", "--user", 1, "--subject", "x", "--description", ""), "description"),
        (
            ("create", "--user", 1, "--subject", "x", "--description", "x", "--category", ""),
            "category",
        ),
        (("create", "--user", 1, "--subject", "x", "--description", "x", "--tag", ""), "tag"),
        (("edit", "{}", "--subject", ""), "subject"),
        (("edit", "{}", "--subject", "y", "--description", ""), "description"),
        (("edit", "{}", "--category", ""), "category"),
        (("edit", "{}", "--tag", ""), "tag"),
        (("edit", "{}", "--meta", "=1"), "meta"),
        (("close", "{}", "--reason", ""), "reason"),
        (("priority", "{}", "high", "--reason", ""), "reason"),
        (("unassign", "{}", "--reason", ""), "reason"),
        (("resolve", "{}", "--message", ""), "message"),
    ],
)
def test_nothing_is_no_text(
    cli: Cli, database: Database, clock: SetClock, words: tuple[object, ...], name: str
) -> None:
    ticket = created(database, clock)

    outcome = cli("ticket", *(str(word).format(ticket.ticket_number) for word in words))

    assert outcome.code == 2
    assert name in outcome.err


def test_an_empty_message_is_refused(cli: Cli, database: Database, clock: SetClock) -> None:
    ticket = created(database, clock)

    outcome = cli("message", "add", ticket.ticket_number, "--from", "agent:10", "--body", "")

    assert (outcome.code, "message is empty" in outcome.err) == (2, True)
