"""What messages of the auth service do to erasures: a request, and whom they bring not back."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime

from savctl.domain.privacy.erasure import RequestSource
from savctl.domain.privacy.erasure_keys import ErasureKeys
from savctl.persistence.privacy.erasure.suppressions import suppressed
from savctl.persistence.unit_of_work import UnitOfWork
from savctl.usecases.erasure.requests import request_in


@dataclass(frozen=True, slots=True)
class StoredErasures:
    """Erasure as `sync` knows it, with the configured keys."""

    keys: ErasureKeys | None = None

    def request(self, uow: UnitOfWork, user_id: int, *, at: datetime) -> None:
        """Write down that a deleted user is to be erased; once more changes nothing."""
        request_in(uow, self.keys, user_id, source=RequestSource.USER_DELETED, at=at)

    def suppressed(self, uow: UnitOfWork, user_ids: Collection[int]) -> Collection[int]:
        """Those who were erased and are not to be brought back."""
        return suppressed(uow.connection, user_ids, self.keys)
