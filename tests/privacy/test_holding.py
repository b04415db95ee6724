"""Legal hold as a rule: what it changes, and what it must not (rules 9.5)."""

from __future__ import annotations

import pytest

from savctl.domain.model.metadata import Metadata
from savctl.domain.model.states import Status
from savctl.domain.privacy.disclosure import Disclosure
from savctl.domain.tickets import legal_hold as holding
from savctl.domain.tickets.legal_hold import UnderLegalHold, is_held
from tests.given import AGENT, BOSS, DAY, NOW, a_ticket

CASE = "case 4711, court of Lyon"


@pytest.mark.parametrize("status", Status)
def test_a_ticket_can_be_held_in_every_status_and_only_metadata_changes(status: Status) -> None:
    ticket = a_ticket(status)

    held = holding.hold(ticket, reason=CASE, by=BOSS, now=NOW + DAY)

    assert is_held(held.ticket)
    assert held.ticket.changed(metadata=ticket.metadata) == ticket
    assert held.ticket.metadata["legal_hold"] == {
        "reason": CASE,
        "at": "2025-10-04T10:30:00.000000Z",
        "actor": BOSS,
    }
    assert [entry.as_json() for entry in held.entries] == held.ticket.metadata["history"]
    assert (held.entries[0].action, held.entries[0].reason, held.events) == ("hold", CASE, ())


def test_a_release_takes_the_hold_away_and_the_history_keeps_it() -> None:
    held = holding.hold(a_ticket(), reason=CASE, by=BOSS, now=NOW).ticket

    free = holding.release(held, reason="over", by=AGENT, now=NOW + DAY).ticket

    assert not is_held(free)
    assert "legal_hold" not in free.metadata
    assert [(e.actor, e.before, e.after, e.reason) for e in free.metadata.history] == [
        (BOSS, None, "held", CASE),
        (AGENT, "held", None, "over"),
    ]


def test_the_same_hold_again_is_done_already_and_so_is_the_release_of_none() -> None:
    free = a_ticket()
    held = holding.hold(free, reason=CASE, by=BOSS, now=NOW).ticket

    assert not holding.hold(held, reason=CASE, by=AGENT, now=NOW + DAY).is_change
    assert not holding.release(free, reason=None, by=AGENT, now=NOW).is_change


def test_a_second_reason_is_refused_because_the_first_would_be_lost() -> None:
    held = holding.hold(a_ticket(), reason=CASE, by=BOSS, now=NOW).ticket

    with pytest.raises(UnderLegalHold, match="for another reason"):
        holding.hold(held, reason="case 4712", by=BOSS, now=NOW)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (None, False),
        ("{}", False),
        ('{"legal_hold": null}', False),
        ('{"legal_hold": false}', False),
        ('{"legal_hold": true}', True),
        ('{"legal_hold": "since 2024"}', True),
        ('{"legal_hold": {}}', True),
        ('{"legal_hold": 0}', False),
        ("[1]", False),
    ],
)
def test_a_hold_in_another_programs_words_holds_as_well(text: str | None, expected: bool) -> None:
    ticket = a_ticket(metadata=Metadata.read(text))

    assert is_held(ticket) is expected
    if expected:
        with pytest.raises(UnderLegalHold, match="TKT-ABC123 is under legal hold: cannot archive"):
            holding.require_not_held(ticket, "archive")
    else:
        holding.require_not_held(ticket, "archive")


def test_the_other_members_keep_their_own_text() -> None:
    ticket = a_ticket(metadata=Metadata.read('{"n": 1.10, "legal_hold": true, "z": "\\u00e9"}'))

    free = holding.release(ticket, reason=None, by=None, now=NOW).ticket

    assert str(free.metadata.text()).startswith('{"n": 1.10, "z": "\\u00e9", "history"')


def test_metadata_that_cannot_be_read_and_speaks_of_a_hold_holds_until_it_is_released() -> None:
    broken = a_ticket(metadata=Metadata.read('{"legal_hold": {"reason": "case 4711"'))
    written = broken.changed(metadata=broken.metadata.with_members(tags=["a"]))

    assert is_held(broken)
    assert is_held(written)
    with pytest.raises(UnderLegalHold):
        holding.hold(broken, reason="case 4712", by=BOSS, now=NOW)
    free = holding.release(broken, reason="over", by=BOSS, now=NOW).ticket
    assert not is_held(free)
    assert "case 4711" in str(free.metadata["unreadable"])
    assert not is_held(a_ticket(metadata=Metadata.read("no JSON")))


def test_the_reason_of_a_hold_that_cannot_be_read_is_not_disclosed() -> None:
    speaks = Metadata.read('{"legal_hold": {"reason": "case 4711"')
    other = Metadata.read('{"tags": ["a"')

    assert Disclosure(user_id=1).metadata(speaks) == {}
    assert "case 4711" in str(Disclosure(user_id=1, with_internal=True).metadata(speaks))
    assert Disclosure(user_id=1).metadata(other) == {"unreadable": '{"tags": ["a"'}
