"""The mapping file: every mistake is named, every source gives what it says."""

from __future__ import annotations

from typing import Any

import pytest

from savctl.domain.imports.field_mapping import FieldBinding
from savctl.domain.imports.mapping import mapped
from savctl.domain.imports.replay_plan import Deed, plan
from savctl.errors import InvalidInput

HEADER = ["number", "who", "level", "kind"]


def field(source: Any, row: list[str]) -> object:
    """The value of one field of one CSV row."""
    mapping = mapped({"null": ["?"], "fields": {"category": source}})
    return FieldBinding(mapping.fields, HEADER, mapping.nulls).fields(row)["category"]


@pytest.mark.parametrize(
    ("source", "value"),
    [
        ("kind", "lost parcel"),
        ({"column": "level", "values": {"1 - Critical": "urgent"}}, "urgent"),
        ({"column": "level", "values": {"2 - High": "high"}}, "1 - Critical"),
        ({"column": "who", "pattern": r"(\d+)"}, "2403"),
        ({"column": "who", "pattern": r"(\d+)", "offset": 10_000}, 12_403),
        ({"template": "{number}: {kind}!"}, "INC1: lost parcel!"),
        ("{number}: {kind}!", "INC1: lost parcel!"),
        ("{{{number}}} }}{{", "{INC1} }{"),
        ("{{number}}", "{number}"),
        (
            {"template": "{level}/{kind}", "values": {"1 - Critical/lost parcel": "urgent"}},
            "urgent",
        ),
        ({"template": "{number}{who}", "pattern": r"(\d+)$", "offset": 1}, 2404),
        ({"constant": "imported"}, "imported"),
    ],
)
def test_a_source_gives_what_it_says(source: Any, value: object) -> None:
    assert field(source, ["INC1", "Caller 2403", "1 - Critical", "lost parcel"]) == value


@pytest.mark.parametrize("empty", ["", "?"])
def test_words_for_nothing_give_nothing_or_the_default(empty: str) -> None:
    row = ["INC1", empty, empty, empty]

    assert field("kind", row) is None
    assert field({"column": "who", "pattern": r"(\d+)", "default": 7}, row) == 7
    assert field({"template": "{level} {kind}", "default": "unknown"}, row) == "unknown"
    assert field({"template": "{number} {kind}"}, row) == "INC1 "


def test_a_value_that_does_not_fit_its_pattern_is_a_bad_row() -> None:
    with pytest.raises(InvalidInput, match="who 'nobody' does not match"):
        field({"column": "who", "pattern": r"(\d+)"}, ["INC1", "nobody", "", ""])


def test_rows_may_be_objects() -> None:
    mapping = mapped({"fields": {"user_id": {"column": "who", "default": 1}}})
    binding = FieldBinding(mapping.fields, None, mapping.nulls)

    assert binding.fields({"who": 5})["user_id"] == 5
    assert binding.fields({})["user_id"] == 1


def test_a_missing_column_is_named_with_those_there_are() -> None:
    with pytest.raises(InvalidInput, match="no column 'sort'") as refused:
        field("sort", [])

    assert refused.value.hint == "It has: number, who, level, kind."


def test_a_column_that_stands_twice_may_not_be_used() -> None:
    mapping = mapped({"fields": {"category": "Variant"}})

    with pytest.raises(InvalidInput, match="'Variant' stands 2 times"):
        FieldBinding(mapping.fields, ["Variant", "x", "Variant"], mapping.nulls)


@pytest.mark.parametrize(
    ("table", "message"),
    [
        ({"fieldz": {}}, "no key 'fieldz'"),
        ({"fields": {"subjct": "x"}}, "no key 'subjct'"),
        ({"fields": {"subject": {"colum": "x"}}}, "no key 'colum'"),
        ({"fields": {"subject": {}}}, "needs one of column, template and constant"),
        ({"fields": {"subject": {"column": "a", "constant": "b"}}}, "needs one of"),
        ({"fields": {"subject": 5}}, "a column's name, a template or a table"),
        ({"fields": {"user_id": {"column": "a", "pattern": "("}}}, "pattern"),
        ({"fields": {"user_id": {"column": "a", "pattern": r"\d"}}}, "one group"),
        ({"fields": {"user_id": {"column": "a", "offset": "1"}}}, "whole number"),
        ({"delimiter": "::"}, "one character"),
        ({"timezone": "Mars/Olympus"}, "not known"),
        ({"times": ["HH:MM"]}, "needs a year"),
        ({"null": 3}, "list of texts"),
        ({"fields": {"subject": "{kind"}}, r"\[fields\] subject: the { at character 1"),
        ({"fields": {"subject": "kind}"}}, "the } at character 5 belongs to nothing"),
        ({"fields": {"subject": "{}: {kind}"}}, "the { at character 1"),
        ({"metadata": {"a": {"template": "{a}}"}}}, r"\[metadata.a\] template: the } at"),
    ],
)
def test_a_mistake_in_the_file_is_named(table: dict[str, Any], message: str) -> None:
    with pytest.raises(InvalidInput, match=message):
        mapped(table)


def test_a_near_miss_is_guessed() -> None:
    with pytest.raises(InvalidInput) as refused:
        mapped({"fields": {"subjct": "x"}})

    assert refused.value.hint == "Did you mean 'subject'?"


@pytest.mark.parametrize(
    ("table", "message"),
    [
        (None, r"no \[replay\]"),
        ({"at": "t"}, r"\[replay\] what: is missing"),
        ({"at": "t", "what": "w", "means": {"Wait": "pause"}}, "'pause' is no deed"),
        ({"at": "t", "what": "w", "follows": ["status"]}, "no key 'status'"),
        ({"at": "t", "what": "w", "who": "x"}, "no key 'who'"),
    ],
)
def test_a_mistake_in_replay_is_named(table: dict[str, Any] | None, message: str) -> None:
    with pytest.raises(InvalidInput, match=message):
        plan(table)


def test_a_plan_knows_what_each_word_means() -> None:
    found = plan({"at": "t", "what": "w", "means": {"Wait": "wait", "Closed": "close"}})

    assert found.means == {"Wait": Deed.WAIT, "Closed": Deed.CLOSE}
