"""Answers kept by idempotency key: copies of messages, tickets, merges."""

from __future__ import annotations

from savctl.persistence.privacy.erasure import kept_answers
from savctl.persistence.unit_of_work import UnitOfWork
from savctl.usecases.erasure.place import ErasureWork, Place, Search


class KeptAnswers(Place):
    """A repeated request gets no answer any more, and does nothing: its ticket is gone."""

    name = "idempotency"
    order = 55
    what = "answers kept by idempotency key"
    holds = ("savctl_idempotency.*",)

    def find(self, search: Search) -> int:
        """Answers about their tickets, or with their words."""
        with search.database.reading() as connection:
            return sum(map(len, kept_answers.keys_of(connection, search.scope)))

    def erase(self, work: ErasureWork) -> None:
        """Page by page."""
        with work.database.reading() as connection:
            found = list(kept_answers.keys_of(connection, work.scope))
        for keys in found:

            def step(uow: UnitOfWork, keys: list[str] = keys) -> None:
                gone = kept_answers.delete_keys(uow.connection, keys)
                work.listed(uow).removed(self.name, gone)

            work.transact(step)


PLACE = KeptAnswers()
