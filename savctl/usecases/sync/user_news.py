"""Users of the auth service: the newest message about each counts, in whatever order they come."""

from __future__ import annotations

from collections.abc import Sequence

from savctl.domain.sync.messages import UserFact, UserGone
from savctl.persistence.sync.states import Subject, SyncKind, SyncState
from savctl.persistence.unit_of_work import UnitOfWork
from savctl.usecases.sync.erasure_hook import Erasure
from savctl.usecases.sync.report import SyncCounts


def take_in_users(
    uow: UnitOfWork,
    news: Sequence[UserFact | UserGone],
    states: dict[Subject, SyncState],
    erasure: Erasure,
    counts: SyncCounts,
    outdated: list[object],
) -> None:
    """Write what the newest messages say of each user; an older or equal one changes nothing.

    Who was deleted comes back by a newer message only. `states` are locked, and brought up to
    date here. Messages that are too old are added to `outdated`.
    """
    newest: dict[int, UserFact | UserGone] = {}
    for one in news:
        subject = Subject(SyncKind.USER, one.user_id)
        if not states[subject].is_older_than(one.at):
            counts.outdated += 1
            outdated.append(one)
            continue
        states[subject] = SyncState(one.at, isinstance(one, UserGone))
        newest[one.user_id] = one
        counts.applied += 1
        if isinstance(one, UserGone):
            erasure.request(uow, one.user_id, at=one.at)
    facts = [one for one in newest.values() if isinstance(one, UserFact)]
    uow.users.store([(one.user_id, one.email, one.firstname, one.lastname) for one in facts])
    uow.users.remove([one.user_id for one in newest.values() if isinstance(one, UserGone)])
