"""The history is put together again, whatever another program made of it."""

from __future__ import annotations

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from savctl.domain.model.history import Action, HistoryEntry
from savctl.domain.model.metadata import Metadata
from savctl.domain.model.states import Status
from savctl.domain.model.status_chain import StatusChain, lost, merge_histories, unaudited
from savctl.domain.model.ticket import Ticket
from savctl.domain.tickets import lifecycle
from savctl.domain.tickets.integrity import Facts, problems, repair
from savctl.domain.tickets.invariants import INVARIANTS
from tests.given import AGENT, BOSS, NOW, SECOND, a_ticket

HOUR = timedelta(hours=1)


def a_life() -> Ticket:
    """A ticket that was resolved, reopened, resolved again and closed."""
    ticket = lifecycle.create(a_ticket(), by=None, now=NOW).ticket
    ticket = lifecycle.assign(ticket, AGENT, by=BOSS, now=NOW + HOUR).ticket
    way = (Status.WAITING_CUSTOMER, Status.IN_PROGRESS, Status.RESOLVED, Status.IN_PROGRESS)
    for number, status in enumerate((*way, Status.RESOLVED, Status.CLOSED), start=2):
        ticket = lifecycle.move(ticket, status, by=AGENT, now=NOW + number * HOUR).ticket
    return ticket


LIFE = a_life()
AUDITED = [entry.as_json() for entry in LIFE.metadata.history]
FOREIGN: st.SearchStrategy[object] = st.sampled_from(
    [{"note": 1}, "text", 7, None, {"at": "2025-10-03T13:00:00Z"}, []]
)


def found(ticket: Ticket, audited: list[dict[str, object]] | None = None) -> list[str]:
    entries = AUDITED if audited is None else audited
    given = problems(Facts.of(ticket), audited=entries, now=NOW + 24 * HOUR)
    return [problem.check for problem in given]


def test_a_life_that_savctl_wrote_breaks_nothing() -> None:
    assert found(LIFE) == []


@given(
    kept=st.sets(st.integers(0, len(AUDITED) - 1)),
    foreign=st.lists(st.tuples(st.integers(0, len(AUDITED)), FOREIGN), max_size=4),
)
def test_nothing_is_lost_and_nothing_invented(
    kept: set[int], foreign: list[tuple[int, object]]
) -> None:
    history: list[object] = [AUDITED[i] for i in sorted(kept)]
    for position, item in foreign:
        history.insert(min(position, len(history)), item)
    others = [item for item in history if item not in AUDITED]

    whole = merge_histories(history, AUDITED)

    assert [item for item in whole if item in AUDITED] == AUDITED
    assert sorted(map(repr, (i for i in whole if i not in AUDITED))) == sorted(map(repr, others))
    assert lost(whole, AUDITED) == []
    assert merge_histories(whole, AUDITED) == whole


@given(kept=st.sets(st.integers(0, len(AUDITED) - 1)))
def test_a_rewritten_history_is_repaired_to_what_it_was(kept: set[int]) -> None:
    history = [AUDITED[i] for i in sorted(kept)]
    spoilt = LIFE.changed(metadata=LIFE.metadata.with_members(history=history))

    repaired = repair(spoilt, audited=AUDITED)

    assert repaired.ticket.metadata == LIFE.metadata
    assert found(repaired.ticket) == []
    assert bool(repaired.done) is (len(kept) < len(AUDITED))


def test_an_entry_that_stood_behind_another_stays_behind_it() -> None:
    mine = {"note": "by another program"}

    whole = merge_histories([AUDITED[2], mine, AUDITED[4]], AUDITED)

    assert whole.index(mine) == whole.index(AUDITED[2]) + 1


@pytest.mark.parametrize("other", [True, 1.0, "1", None])
def test_an_entry_is_another_one_when_a_member_is_spelt_differently(other: object) -> None:
    first = {**AUDITED[0], "actor": 1}
    second = {**first, "actor": other}

    assert lost([first], [second]) == [second]
    assert lost([first], [dict(first)]) == []


def test_without_an_audit_nothing_is_lost_and_only_savctls_own_entries_are_unknown() -> None:
    history = [*AUDITED, {"at": AUDITED[0]["at"], "action": "of-another-program"}, "text"]

    assert lost(history, []) == []
    assert unaudited(history, []) == AUDITED


def test_the_same_entry_twice_is_two_entries() -> None:
    twice = [AUDITED[0], AUDITED[0]]

    assert lost([AUDITED[0]], twice) == [AUDITED[0]]
    assert unaudited(twice, [AUDITED[0]]) == [AUDITED[0]]


@pytest.mark.parametrize(
    "text", ['{"history": 7}', '{"history": {"a": 1}}', '"text"', "[1]", "{broken"]
)
def test_unreadable_metadata_is_kept_and_the_history_put_back(text: str) -> None:
    repaired = repair(LIFE.changed(metadata=Metadata.read(text)), audited=AUDITED)

    assert repaired.ticket.metadata.history_items == AUDITED
    assert len(repaired.ticket.metadata) == 2
    assert found(repaired.ticket) == []


def test_a_difference_of_clocks_is_not_a_history_that_runs_backwards() -> None:
    for seconds, expected in ((20, []), (40, ["history-order"])):
        entries = (
            HistoryEntry(at=NOW, actor=None, action=Action.PRIORITY),
            HistoryEntry(at=NOW - seconds * SECOND, actor=None, action=Action.PRIORITY),
        )
        ticket = a_ticket(metadata=Metadata.read(None).with_history(entries))

        checks = found(ticket, [entry.as_json() for entry in entries])

        assert checks == expected


def test_a_chain_may_begin_where_savctl_came_to_the_ticket() -> None:
    foreign = a_ticket(Status.IN_PROGRESS)

    ticket = lifecycle.move(foreign, Status.RESOLVED, by=AGENT, now=NOW).ticket

    assert StatusChain.of(ticket.metadata.history).proves(Status.RESOLVED)
    assert found(ticket, [e.as_json() for e in ticket.metadata.history]) == []


def test_a_step_that_another_program_took_unseen_breaks_the_chain() -> None:
    ticket = lifecycle.move(
        a_ticket(Status.IN_PROGRESS), Status.WAITING_CUSTOMER, by=AGENT, now=NOW
    ).ticket
    moved = ticket.changed(status=Status.IN_PROGRESS)
    again = lifecycle.move(moved, Status.RESOLVED, by=AGENT, now=NOW).ticket

    assert found(moved, [e.as_json() for e in moved.metadata.history]) == ["history-end"]
    assert found(again, [e.as_json() for e in again.metadata.history]) == ["history-broken"]


def test_stamps_are_not_repaired_by_a_history_that_contradicts_the_ticket() -> None:
    contradicted = LIFE.changed(status=Status.IN_PROGRESS)

    repaired = repair(contradicted, audited=AUDITED)

    assert repaired.done == ()
    assert set(found(contradicted)) == {"resolved-at-left", "closed-at-left", "history-end"}


def test_every_problem_is_in_the_table() -> None:
    awry = LIFE.changed(
        status=Status.IN_PROGRESS,
        assigned_to=None,
        updated_at=NOW + 99 * HOUR,
        metadata=LIFE.metadata.with_members(history=[*reversed(AUDITED), 1]),
    )

    assert set(found(awry)) | set(found(awry, [])) <= set(INVARIANTS)
    assert all(rule.advice for rule in INVARIANTS.values())
