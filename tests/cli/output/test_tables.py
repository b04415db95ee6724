"""Tables on terminals of any width, and off them (contract 1.1, 1.9)."""

from __future__ import annotations

import io
from collections.abc import Sequence

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from savctl.cli.framework.tables.layout import write_table
from savctl.cli.framework.terminal import cells
from savctl.cli.framework.text import cell, safe
from savctl.persistence.engine import Database
from savctl.ports import SetClock
from tests.cli.naughty import steering
from tests.cli.terminals import Terminal
from tests.conftest import Cli
from tests.given import created

LONG = "The espresso machine Onde 20000 blinks red since Sunday and no cup gets warm any more"
PERSIAN = "\u0645\u06cc\u200c\u062e\u0648\u0627\u0647\u0645"
FAMILY = "👨\u200d👩\u200d👧\u200d👦"


def table(names: Sequence[str], rows: Sequence[Sequence[str]], **look: object) -> list[str]:
    out = io.StringIO()
    write_table(names, rows, out, **look)  # type: ignore[arg-type]
    return out.getvalue().splitlines()


@pytest.mark.slow("starts a process on a terminal")
@pytest.mark.only_on("sqlite")
@pytest.mark.parametrize("width", [40, 60, 80, 120, 200])
def test_the_list_of_tickets_fits_the_terminal(
    database: Database, clock: SetClock, terminal: Terminal, width: int
) -> None:
    for subject in (
        LONG,
        "日本語の件名がとても長いのでどこかで切らなければなりません" * 2,
        FAMILY,
    ):
        created(database, clock, subject=subject)

    lines = terminal("ticket", "list", width=width).splitlines()

    assert len(lines) == 4
    assert max(map(cells, lines)) <= width
    assert "subject" in lines[0]
    assert ("created_at" in lines[0]) == (width >= 120)
    assert LONG[:5] in lines[3]
    assert ("…" in lines[3]) == (width < 200)


@pytest.mark.slow("starts a process on a terminal")
@pytest.mark.only_on("sqlite")
def test_a_wide_table_has_every_column_and_cuts_nothing_on_a_terminal(
    database: Database, clock: SetClock, terminal: Terminal
) -> None:
    created(database, clock, subject=LONG, description=LONG * 3)

    header, row = terminal("ticket", "list", "-o", "wide", width=80).splitlines()

    assert {"subject", "description", "metadata", "updated_at"} <= set(header.split())
    assert LONG * 3 in row


def test_off_a_terminal_nothing_is_cut_and_no_column_goes(
    cli: Cli, database: Database, clock: SetClock
) -> None:
    created(database, clock, subject=LONG)

    header, row = cli("ticket", "list").out.splitlines()

    assert header.split()[-2:] == ["subject", "created_at"]
    assert LONG in row


@pytest.mark.parametrize("form", ["table", "wide", "csv"])
def test_without_headers_there_are_only_rows(
    cli: Cli, database: Database, clock: SetClock, form: str
) -> None:
    number = created(database, clock).ticket_number

    outcome = cli("ticket", "list", "-o", form, "--no-headers", "--columns", "ticket_number,id")

    assert outcome.out.replace(",", " ").split() == [number, "1"]


def test_no_rule_stands_between_headers_and_rows(
    cli: Cli, database: Database, clock: SetClock
) -> None:
    created(database, clock)

    assert "--" not in cli("ticket", "list").out


def test_columns_of_least_worth_go_first_and_kept_ones_stay() -> None:
    row = ["x" * 10] * 4

    def header(room: int) -> list[str]:
        return table("abcd", [row], kept=("d",), room=room)[0].split()

    assert [header(room) for room in (46, 45, 33, 22)] == [
        ["a", "b", "c", "d"],
        ["a", "b", "d"],
        ["a", "d"],
        ["a", "d"],
    ]


def test_a_text_is_cut_before_an_id_is() -> None:
    number = "0f8fad5b-d9cb-469f-a165-70867728950e"

    _, row = table(("id", "text"), [(number, LONG)], room=70)

    assert row.startswith(f"{number}  The espresso")
    assert row.endswith("…")
    assert cells(row) == 70


@pytest.mark.parametrize("text", [PERSIAN, FAMILY, "❤\ufe0f", "日本語", "e\u0301", "👍🏽", "🇫🇷"])
def test_words_and_emoji_are_shown_whole_and_aligned(text: str) -> None:
    lines = table(("text", "end"), [(cell(text), "|"), ("plain", "|")])

    assert text in lines[1]
    assert [cells(line) for line in lines[1:]] == [cells(lines[0]) - 2] * 2


@pytest.mark.parametrize("joiner", ["\u200c", "\u200d"])
@pytest.mark.parametrize("shape", ["{}", "{}a", "a{}", "a{}b", "a {} b", "م{0}{0}خ"])
def test_a_joiner_that_joins_nothing_is_visible(joiner: str, shape: str) -> None:
    shown = safe(shape.format(joiner))

    assert f"\\u{ord(joiner):04x}" in shown


ANY = st.text(st.characters(exclude_categories=[]), max_size=40)


@given(ANY)
@settings(max_examples=500)
def test_no_text_steers_a_terminal(text: str) -> None:
    shown = cell(text)

    assert "\n" not in shown
    assert steering(shown) == set()
    assert cells(shown) >= 0


@given(st.lists(st.tuples(ANY, ANY, ANY), min_size=1, max_size=5), st.integers(20, 150))
@settings(max_examples=300)
def test_every_column_begins_at_the_same_cell(rows: list[tuple[str, str, str]], room: int) -> None:
    shown = [[f"<{cell(text)}>" for text in row] + ["|"] for row in rows]

    lines = table(("a", "b", "c", "end"), shown, kept=("end",), room=room)

    ends = {cells(line) for line in lines[1:]}
    assert len(ends) == 1
    assert ends.pop() <= room
