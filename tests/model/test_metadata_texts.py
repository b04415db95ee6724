"""The text of each member is cut out only when somebody writes, and is what was stored."""

from __future__ import annotations

import json

import pytest

from savctl.domain.model.metadata import Metadata

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
