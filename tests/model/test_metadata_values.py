"""Metadata as a value, and entries of other programs that savctl has to live with."""

from __future__ import annotations

import json
from datetime import timedelta

import pytest

from savctl.domain.model.history import Action, HistoryEntry
from savctl.domain.model.metadata import EMPTY, Metadata
from savctl.domain.model.states import Status
from savctl.domain.tickets import lifecycle
from tests.given import AGENT, NOW, a_ticket, entered

WAIT = Status.WAITING_CUSTOMER


def test_an_entry_has_the_documented_keys_in_their_order() -> None:
    entry = HistoryEntry(at=NOW, actor=None, action=Action.CREATED, after="open")

    assert list(entry.as_json().items()) == [
        ("at", "2025-10-03T10:30:00.000000Z"),
        ("actor", None),
        ("action", "created"),
        ("from", None),
        ("to", "open"),
        ("reason", None),
    ]


def test_the_actions_are_the_documented_ones() -> None:
    documented = (
        "created assigned unassigned status priority edited merged_into merged_from split hold "
        "restored imported"
    )

    assert list(map(str, Action)) == documented.split()


@pytest.mark.parametrize(
    ("one", "other"),
    [("1", "true"), ("0", "false"), ("1", "1.0"), ('"1"', "1"), ("[1]", "[true]")],
)
def test_values_that_differ_only_in_python_are_different(one: str, other: str) -> None:
    assert Metadata.read(f'{{"a": {one}}}') != Metadata.read(f'{{"a": {other}}}')


def test_changing_is_making_a_new_one() -> None:
    before = Metadata.read('{"a": 1}')

    before.with_members(a=2)
    before.with_history((HistoryEntry(at=NOW, actor=1, action="edited"),))

    assert before.text() == '{"a": 1}'


@pytest.mark.parametrize("key", [r"\ud800", r"\udc00x"])
def test_half_a_character_in_a_foreign_key_can_be_stored_again(key: str) -> None:
    text = f'{{"{key}": "{key}"}}'

    written = Metadata.read(text).with_members(a=1).text() or ""

    written.encode()
    assert json.loads(written) == {**json.loads(text), "a": 1}


def test_a_number_that_no_float_holds_reads_as_something_json_can_say() -> None:
    read = Metadata.read('{"a": 1e999, "b": [-1e999]}')

    json.dumps(dict(read), allow_nan=False)
    assert read.with_members(c=1).text() == '{"a": 1e999, "b": [-1e999], "c": 1}'


@pytest.mark.parametrize(
    "item",
    [
        *("null", "1", '"text"', "[]", "{}", '{"at": 1}', '{"action": []}', '{"action": {}}'),
        '{"at": "2025-10-03T10:30:00Z", "action": "status", "to": ["x"], "actor": 1}',
        '{"at": "2025-10-03T10:30:00Z", "action": "status", "to": {}, "actor": null}',
        '{"at": "2025-10-03T10:30:00Z", "action": "status", "to": "nowhere", "actor": null}',
        '{"at": "0001-01-01T00:00:00+14:00", "action": "status", "to": "open"}',
        '{"at": "9999-12-31T23:59:59-14:00", "action": "status", "to": "open"}',
        '{"at": "yesterday", "action": "status", "to": "open", "actor": "Bob"}',
    ],
)
@pytest.mark.parametrize("status", [Status.IN_PROGRESS, WAIT])
def test_a_foreign_entry_of_any_shape_stops_nobody(item: str, status: Status) -> None:
    ticket = a_ticket(status, metadata=Metadata.read(f'{{"history": [{item}]}}'))

    assert ticket.entered_status_at is None
    moved = lifecycle.bridge(ticket, Status.RESOLVED, by=AGENT, now=NOW, agent_id=AGENT)
    assert json.loads(moved.ticket.metadata.text() or "")["history"][0] == json.loads(item)


def test_the_entry_into_the_present_status_is_the_last_of_the_chain() -> None:
    later = HistoryEntry(
        at=NOW + timedelta(days=1), actor=AGENT, action=Action.ASSIGNED, before=1, after=2
    )
    ticket = a_ticket(WAIT, metadata=entered(WAIT, NOW).with_history((later,)))

    assert ticket.entered_status_at == NOW


def test_a_chain_that_ends_in_another_status_tells_nothing() -> None:
    assert a_ticket(WAIT, metadata=entered(Status.RESOLVED, NOW)).entered_status_at is None
    assert a_ticket(WAIT, metadata=EMPTY).entered_status_at is None


@pytest.mark.parametrize(
    "at", ["2025-10-03T12:30:00+02:00", "2025-10-03T10:30:00", "2025-10-03 10:30:00.000000Z"]
)
def test_times_of_other_programs_are_understood_and_without_a_zone_are_utc(at: str) -> None:
    text = json.dumps({"history": [{"at": at, "action": "status", "to": str(WAIT)}]})

    assert a_ticket(WAIT, metadata=Metadata.read(text)).entered_status_at == NOW
