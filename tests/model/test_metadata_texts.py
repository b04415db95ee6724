"""The text of each member is cut out only when somebody writes, and is what was stored."""

from __future__ import annotations

import json

import pytest

from savctl.domain.model.history import HistoryEntry
from savctl.domain.model.metadata import Metadata
from tests.given import NOW

DEEP = "[" * 150 + "]" * 150


@pytest.mark.parametrize(
    ("text", "members"),
    [
        ('{"a": 1.10, "b": "x"}', {"a": "1.10", "b": '"x"'}),
        (' {\t"a"\n:\r1 ,"b":{ "c" : [ ] } } ', {"a": "1", "b": '{ "c" : [ ] }'}),
        ('{"a":"}, \\"b\\": 2","b":true}', {"a": '"}, \\"b\\": 2"', "b": "true"}),
        ('{"h\\u00e9, \\"": 1, "b": -1E+2}', {'hé, "': "1", "b": "-1E+2"}),
        ('{"a\\\\": 1, "b": null}', {"a\\": "1", "b": "null"}),
        ('{"a": 1, "b": 2, "a": 3}', {"a": "3", "b": "2"}),
        (f'{{"a": {DEEP}, "b": {DEEP}}}', {"a": DEEP, "b": DEEP}),
        ("{}", {}),
    ],
)
def test_each_member_is_written_back_as_it_was_stored(text: str, members: dict[str, str]) -> None:
    again = Metadata.read(text).with_members(new=1).text()

    values = [f"{json.dumps(key, ensure_ascii=False)}: {value}" for key, value in members.items()]
    assert again == "{" + ", ".join([*values, '"new": 1']) + "}"


@pytest.mark.parametrize(
    "text", ['{"a": 1,}', '{"a" 1}', "[1]", '{"a": 1} x', "{", "{a: 1}", "\ufeff{}"]
)
def test_what_is_no_object_is_kept_whole(text: str) -> None:
    found = Metadata.read(text)

    assert found.was_unreadable
    assert dict(found) == {"unreadable": text}


ENTRY = HistoryEntry(at=NOW, actor=1, action="status", before="open", after="closed")


@pytest.mark.parametrize(
    "text",
    [
        '{"a": 1.10, "history": [{"at": "x"}]}',
        '{"a":1.10,"history":[1,[2]] }',
        '{"history": [{"to": "]}"}], "a": 1.10}',
        '{"a": 1.10, "history": []}',
        '{"a": 1.10, "history": "none"}',
        '{"a": 1.10, "history": [1], "history": [2]}',
        '{"a": 1.10, "h\\u0069story": [1]}',
        ' {"a": 1.10, "history": [1]} ',
        '{"a": 1.10}',
    ],
)
def test_an_entry_is_appended_wherever_the_history_stands(text: str) -> None:
    before = Metadata.read(text)

    once = before.with_history((ENTRY,))
    twice = once.with_history((ENTRY,)).with_members(b=2)

    for number, found in ((1, once), (2, twice)):
        again = Metadata.read(found.text())
        assert again == found
        assert again.text_of("a") == "1.10"
        assert again.history_items[-number:] == [ENTRY.as_json()] * number
        old = before.history_items
        assert again.history_items[: len(old)] == old
    assert "b" not in once


def test_what_cannot_be_read_is_kept_also_when_nobody_asked_before() -> None:
    broken = Metadata.read("[1")

    assert broken.with_history((ENTRY,))["unreadable"] == "[1"
    assert (broken.was_unreadable, broken.stored_text) == (True, "[1")


@pytest.mark.parametrize(
    "text",
    [
        '{"a": 1.10, "sla": {"x": 1.0}, "z": [1.0]}',
        ' {"sla" : {"x":1.0},\n"a":1.10}\n',
        '{"a": 1.10, "old": {"sla": {"x": 1.0}}, "sla": {"x": 1.0}}',
        '{"a": 1.10, "sla": {"x": 1.0}, "s\\u006ca": {"x": 2.0}}',
        '{"a": 1.10, "sla": {"x": 1.0}, "sla": {"x": 2.0}}',
        '{"a": 1.10, "said": "the \\"sla\\": {}", "sla": {"x": 1.0}}',
        '{"a": 1.10, "in": "sla", "sla": {"x": 1.0}}',
    ],
)
def test_an_object_is_replaced_where_it_stands_and_nothing_else(text: str) -> None:
    before = Metadata.read(text)

    after = before.with_members(sla={"y": 2}).with_history((ENTRY,))

    assert after["sla"] == {"y": 2}
    again = Metadata.read(after.text())
    assert again == after
    others = [key for key in before if key != "sla"]
    assert [key for key in again if key not in {"sla", "history"}] == others
    assert [again.text_of(key) for key in others] == [before.text_of(key) for key in others]


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ('{"a": 1, "sla": {"x": 1}, "b": "y"}', '{"a": 1, "sla": {"n": 2}, "b": "y"}'),
        (
            '{"b": [{"c": 1.10}],"sla"\n:\t{ } , "h": 1}',
            '{"b": [{"c": 1.10}],"sla"\n:\t{"n": 2} , "h": 1}',
        ),
    ],
)
def test_an_object_takes_the_place_of_one_and_the_rest_stays_as_it_was(
    text: str, wanted: str
) -> None:
    assert Metadata.read(text).with_members(sla={"n": 2}).text() == wanted


@pytest.mark.parametrize(
    "text",
    [
        '{"b": {"sla": {"x": 1}}, "sla": {"x": 2}}',
        '{"b": "sla", "sla": {"x": 2}}',
        '{"sla": {"x": 1}, "sla": {"x": 2}}',
        '{"b": {"sla": 1}, "\\u0073la": {"x": 2}}',
    ],
)
def test_only_the_member_itself_is_replaced(text: str) -> None:
    found = Metadata.read(text)

    again = json.loads(str(found.with_members(sla={"n": 2}).text()))

    assert again == {**json.loads(text), "sla": {"n": 2}}
