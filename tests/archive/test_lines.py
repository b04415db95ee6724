"""A ticket's line is JSON that jq reads, and gives the ticket back, whatever is in it."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from savctl.domain.model.json_text import encode
from savctl.persistence.archive.row_values import NotFaithful
from savctl.persistence.archive.ticket_snapshot import TicketSnapshot
from savctl.usecases.archive.lines import line_of, ticket_id_of, whole_of

WORDS = st.text()
TRAPS = st.sampled_from(['"metadata": null', '"metadata": ', "\\", '\\"metadata": null', "\n"])
TEXTS = st.one_of(WORDS, st.lists(st.one_of(WORDS, TRAPS)).map("".join))
VALUES = st.recursive(
    st.one_of(
        st.none(),
        st.booleans(),
        st.integers(),
        st.floats(allow_nan=False, allow_infinity=False),
        TEXTS,
    ),
    lambda inner: st.one_of(st.lists(inner), st.dictionaries(TEXTS, inner)),
    max_leaves=8,
)
STORED = st.one_of(st.none(), TEXTS, VALUES.map(encode), VALUES.map(json.dumps))


def a_whole(metadata: str | None, stated: str, **more: Any) -> TicketSnapshot:
    ticket = {"id": 7, "subject": stated, "ticket_number": stated, "metadata": metadata, **more}
    return TicketSnapshot(ticket, [{"id": 1, "message": stated, "read_at": None}], [], [])


@given(metadata=STORED, stated=TEXTS)
@example(metadata='{"a": null}', stated='", "metadata": null, "')
@example(metadata='{"metadata": null}', stated='"metadata": null')
@example(metadata='{"price": 1.10, "a": 1, "a": 2}', stated="")
@example(metadata="null", stated="")
def test_a_line_gives_its_ticket_back(metadata: str | None, stated: str) -> None:
    whole = a_whole(metadata, stated)

    line = line_of(whole)

    assert whole_of(line) == whole
    assert b"\n" not in line
    assert ticket_id_of(line) == 7


@given(value=st.dictionaries(TEXTS, VALUES), stated=TEXTS)
def test_metadata_stands_in_it_as_the_object_that_it_is(value: Any, stated: str) -> None:
    answer = json.loads(line_of(a_whole(encode(value), stated)))

    assert answer["ticket"]["metadata"] == value
    assert "metadata_text" not in answer


def test_a_value_that_would_come_back_as_another_one_is_refused() -> None:
    with pytest.raises(NotFaithful):
        line_of(a_whole(None, "x", theirs={1: "a key that JSON makes a string"}))
