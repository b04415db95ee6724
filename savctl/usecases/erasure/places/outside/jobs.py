"""Jobs in the service's queue that hold their e-mail address: named, never touched."""

from __future__ import annotations

from savctl.persistence.privacy.erasure import person_rows
from savctl.usecases.erasure.place import ErasureWork, Place, Search


class QueuedJobs(Place):
    """The service's own: a job that changes under it would fail."""

    name = "jobs"
    order = 80
    what = "jobs in the service's queue with their e-mail address"
    holds = ("jobs.payload",)
    stays = "the service's queue empties by itself"

    def find(self, search: Search) -> int:
        """Payloads that hold it."""
        with search.database.reading() as connection:
            return person_rows.count_queued(connection, search.email)

    def erase(self, work: ErasureWork) -> None:
        """Nothing."""


PLACE = QueuedJobs()
