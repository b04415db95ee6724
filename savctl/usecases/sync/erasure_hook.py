"""What taking in users needs of erasure: a request for who was deleted, and who is erased."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime
from typing import Protocol

from savctl.persistence.unit_of_work import UnitOfWork


class Erasure(Protocol):
    """The erasure of persons, as far as messages touch it."""

    def request(self, uow: UnitOfWork, user_id: int, *, at: datetime) -> None:
        """Ask for the erasure of a user whom the auth service deleted at an instant."""

    def suppressed(self, uow: UnitOfWork, user_ids: Collection[int]) -> Collection[int]:
        """Which of these users are erased and must not be brought back."""
        ...


class NoErasure:
    """No erasure: nobody is suppressed, and the state of the user is all that is kept."""

    def request(self, uow: UnitOfWork, user_id: int, *, at: datetime) -> None:
        """Nothing more than the state, which is written by whoever takes the message in."""

    def suppressed(self, uow: UnitOfWork, user_ids: Collection[int]) -> Collection[int]:
        """Nobody."""
        del uow, user_ids
        return ()
