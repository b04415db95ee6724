"""What savctl needs of the service's own cache: entries are removed, nothing is read."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from savctl.errors import Unavailable


class TicketCacheUnavailable(Unavailable):
    """The cache does not answer; the removal is repeated."""

    code = "ticket_cache_unavailable"


class TicketCache(Protocol):
    """The service's cache of tickets."""

    name: str

    def remove(self, ticket_ids: Sequence[int]) -> None:
        """Remove every entry of these tickets; one that is not there is no matter.

        Raises:
            TicketCacheUnavailable: it did not answer in time; some may be gone.
        """
        ...

    def check(self) -> None:
        """Pass when it answers.

        Raises:
            TicketCacheUnavailable: it does not.
        """
        ...

    def close(self) -> None:
        """Give back connections."""
        ...
