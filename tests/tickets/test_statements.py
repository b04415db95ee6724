"""How often the database is asked: each statement is a way to the server and back."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from sqlalchemy import event

from savctl.persistence.engine import Database
from savctl.ports import SetClock
from savctl.usecases.operation import Operation
from savctl.usecases.tickets.assignment import assign_ticket
from tests.given import AGENT, BOSS, DAY, created
from tests.tickets.talk import answer, file_on, merge, say


def verbs(database: Database, work: Callable[[], object]) -> list[str]:
    """The first word of each statement meanwhile; the begin and the end are not among them.

    Nor is the token that a server's transactions leave (rules 20.13), nor what a new connection
    asks once: whether its server is a cluster's (rules 19.4).
    """
    messages: list[str] = []

    def note(*given: object) -> None:
        if "savctl_commits" not in str(given[2]):
            messages.append(str(given[2]).split()[0])

    event.listen(database.engine, "before_cursor_execute", note)
    try:
        work()
    finally:
        event.remove(database.engine, "before_cursor_execute", note)
    return [verb for verb in messages if verb not in {"BEGIN", "SHOW"}]


@pytest.mark.parametrize("count", [1, 12])
def test_a_merge_takes_as_many_statements_for_a_dozen_sources_as_for_one(
    database: Database, clock: SetClock, count: int
) -> None:
    target = created(database, clock)
    sources = [created(database, clock) for _ in range(count)]
    for source in sources:
        say(database, clock, source, "Any news?")
        answer(database, clock, source)
    clock.advance(DAY)

    statements = verbs(database, lambda: merge(database, clock, *sources, into=target, by=BOSS))

    # locks; newest time; descriptions; what hangs on the tickets; it moves; rows, audit, events;
    # who did it
    assert statements == [
        *("SELECT", "SELECT", "INSERT", "SELECT", "UPDATE"),
        *("UPDATE", "INSERT", "INSERT", "SELECT"),
    ]


def test_files_add_their_moving_to_a_merge_and_no_question(
    database: Database, clock: SetClock
) -> None:
    target, source = created(database, clock), created(database, clock)
    file_on(database, source, say(database, clock, source, "See this."))
    file_on(database, source)
    clock.advance(DAY)

    statements = verbs(database, lambda: merge(database, clock, source, into=target, by=BOSS))

    assert (statements.count("SELECT"), statements.count("UPDATE")) == (4, 4)


def test_an_assignment_locks_once_and_writes_each_trace_once(
    database: Database, clock: SetClock
) -> None:
    ticket = created(database, clock)

    statements = verbs(
        database,
        lambda: assign_ticket(Operation(database, clock, actor=BOSS), ticket.id, to=AGENT),
    )

    # lock; newest message and file: no stamp is before them; row, audit, events; who did it;
    # whether the agent is one
    assert statements == ["SELECT", "SELECT", "UPDATE", "INSERT", "INSERT", "SELECT", "SELECT"]
