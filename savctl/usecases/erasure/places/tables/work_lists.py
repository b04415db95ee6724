"""The erasure's own rows: the certificate's transaction takes the person out of them.

The user id and the tickets of the work list go when the erasure is done. What stays is the keyed
pseudonym: it is how a restore knows whom not to bring back.
"""

from __future__ import annotations

from savctl.usecases.erasure.place import ErasureWork, Place, Search


class WorkLists(Place):
    """Emptied last of all, by `certifying`."""

    name = "work_lists"
    order = 900
    what = "the erasure's own work list; a keyed pseudonym stays"
    holds = ("savctl_erasures.*", "savctl_erasure_tickets.*", "savctl_suppressions.*")

    def find(self, search: Search) -> int:
        """Nothing that is the person's once the certificate is written."""
        return 0

    def erase(self, work: ErasureWork) -> None:
        """Nothing: see `certifying`."""


PLACE = WorkLists()
