"""What savctl writes into metadata that it shares with other programs (rules 1.3, 1.4)."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from savctl.domain.model.history import HistoryEntry
from savctl.domain.model.metadata import EMPTY, Metadata
from tests.given import NOW

ENTRY = HistoryEntry(at=NOW, actor=10, action="status", before="open", after="closed", reason="é")

numbers = st.from_regex(
    r"-?(0|[1-9][0-9]{0,24})(\.[0-9]{1,6})?([eE][+-]?[0-9]{1,2})?", fullmatch=True
)
strings = st.builds(json.dumps, st.text(max_size=8), ensure_ascii=st.booleans())
space = st.text(" \t\n\r", max_size=2)
constants = st.sampled_from(["true", "false", "null"])


def listed(items: list[str], white: str) -> str:
    return f"[{white}{f',{white}'.join(items)}{white}]"


def an_object(members: list[tuple[str, str]], white: str) -> str:
    inner = f"{white},".join(f"{white}{key}{white}:{white}{value}" for key, value in members)
    return f"{white}{{{inner}{white}}}{white}"


values = st.recursive(
    numbers | strings | constants,
    lambda inner: (
        st.builds(listed, st.lists(inner, max_size=3), space)
        | st.builds(an_object, st.lists(st.tuples(strings, inner), max_size=3), space)
    ),
    max_leaves=8,
)
members = st.lists(st.tuples(strings, values), max_size=5, unique_by=lambda m: json.loads(m[0]))
objects = st.builds(an_object, members, space)


def spelled(text: str | None) -> Any:
    """The JSON with its numbers as they are spelled and its keys in their order."""
    return json.loads(
        text or "{}",
        parse_int=lambda digits: ("number", digits),
        parse_float=lambda digits: ("number", digits),
        object_pairs_hook=lambda pairs: ("object", pairs),
    )


@given(objects)
def test_a_round_trip_keeps_keys_order_and_the_spelling_of_numbers(text: str) -> None:
    assert spelled(Metadata.read(text).text()) == spelled(text)


@given(objects, st.text(max_size=5), st.none() | st.integers() | st.text(max_size=5))
def test_setting_a_member_leaves_every_other_as_it_was_written(
    text: str, name: str, value: object
) -> None:
    changed = Metadata.read(text).with_members(**{name: value})

    _, after = spelled(changed.text())
    _, before = spelled(text)
    assert [pair for pair in after if pair[0] != name] == [p for p in before if p[0] != name]
    assert changed[name] == value


@given(objects)
def test_history_is_appended_and_nothing_else_moves(text: str) -> None:
    before = Metadata.read(text)

    after = before.with_history((ENTRY,)).with_history((ENTRY, ENTRY))

    kept = [pair for pair in spelled(after.text())[1] if "history" not in pair[0]]
    assert kept == [pair for pair in spelled(text)[1] if "history" not in pair[0]]
    assert after.history[-3:] == (ENTRY, ENTRY, ENTRY)
    assert Metadata.read(after.text()).history == after.history


@given(st.lists(values, max_size=4), space)
def test_entries_of_other_programs_stay_in_front_as_they_were_written(
    items: list[str], white: str
) -> None:
    text = f'{{"history": {listed(items, white)}}}'

    after = Metadata.read(text).with_history((ENTRY,))

    (_, ((_, history),)) = spelled(after.text())
    assert history[:-1] == [spelled(item) for item in items]
    assert json.loads(after.text() or "")["history"][-1] == ENTRY.as_json()


@pytest.mark.parametrize(
    "text",
    [
        *("", " ", "null", "[]", "[1]", "12", "1.5", '"text"', "true", "{", "}", '{"a"', '{"a":'),
        *('{"a":}', '{"a":1', '{"a":1,', '{"a":1,}', "{,}", '{"a" 1}', '{"a":1 "b":2}', "{1:2}"),
        *("{'a':1}", '{"a":1}x', '{"a":1}{}', '{"a":NaN}', '{"a":-Infinity}', '{"a":[NaN]}'),
        *('{"a":"\x01"}', "\ufeff{}", "{" * 100_000, '{"a":' * 100_000, "not json", "a:1:{}"),
    ],
)
def test_what_is_no_json_object_reads_as_empty_and_is_kept_when_written_back(text: str) -> None:
    read = Metadata.read(text)

    assert read.was_unreadable
    assert read.history == ()
    written = json.loads(read.with_history((ENTRY,)).text() or "")
    assert written["unreadable"] == text
    assert written["history"] == [ENTRY.as_json()]


def test_no_metadata_is_no_metadata() -> None:
    assert Metadata.read(None) == Metadata.read("{}") == EMPTY
    assert EMPTY.text() is None


@pytest.mark.parametrize("history", ["null", '"text"', "{}", '{"a": 1.10}', "12", "false"])
def test_a_history_that_is_no_list_is_moved_aside(history: str) -> None:
    after = Metadata.read(f'{{"a": 1, "history": {history}}}').with_history((ENTRY,))

    _, written = spelled(after.text())
    assert ("unreadable_history", spelled(history)) in written
    assert after.history == (ENTRY,)


@pytest.mark.parametrize("odd", ['"TKT-1"', "5", "0", "[1.10]", "true"])
def test_what_an_object_replaces_that_is_none_is_moved_aside(odd: str) -> None:
    after = Metadata.read(f'{{"merged_into": {odd}}}').with_members(merged_into={"ticket_id": 1})

    _, written = spelled(after.text())
    assert ("unreadable_merged_into", spelled(odd)) in written
    assert after["merged_into"] == {"ticket_id": 1}


@pytest.mark.parametrize("plain", ["null", "false", '{"ticket_id": 7}'])
def test_what_an_object_may_replace_is_replaced(plain: str) -> None:
    after = Metadata.read(f'{{"merged_into": {plain}}}').with_members(merged_into={"ticket_id": 1})

    assert dict(after) == {"merged_into": {"ticket_id": 1}}


def test_a_second_broken_history_does_not_push_the_first_one_out() -> None:
    once = Metadata.read('{"history": "first"}').with_history((ENTRY,))
    broken = Metadata.read((once.text() or "")[:-1] + ', "history": "second"}')

    twice = json.loads(broken.with_history((ENTRY,)).text() or "")

    assert {"first", "second"} <= {value for value in twice.values() if isinstance(value, str)}
