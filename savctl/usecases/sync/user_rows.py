"""Users as the auth service answered: written where nothing newer is known."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from savctl.persistence.sync.states import Subject, SyncKind, SyncState, SyncStates
from savctl.persistence.unit_of_work import UnitOfWork
from savctl.usecases.sync.erasure_hook import Erasure


def store_answered(
    uow: UnitOfWork,
    people: Sequence[tuple[int, str, str, str]],
    erasure: Erasure,
    *,
    as_of: datetime,
    now: datetime,
) -> list[int]:
    """Write these users as they were at `as_of`; answers the ids of those that were written.

    Who was erased is not brought back.
    """
    suppressed = set(erasure.suppressed(uow, [one[0] for one in people]))
    states = SyncStates(uow.connection)
    subjects = {one[0]: Subject(SyncKind.USER, one[0]) for one in people}
    known = states.lock(subjects.values(), at=now)
    news = [
        one
        for one in people
        if one[0] not in suppressed and known[subjects[one[0]]].is_older_than(as_of)
    ]
    states.save({subjects[one[0]]: SyncState(as_of) for one in news}, at=now)
    uow.users.store(news)
    return [one[0] for one in news]
