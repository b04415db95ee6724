"""What is gone leaves its bytes in the embedded database's free pages and write-ahead log.

The last step: the file is written anew, and its log emptied. A server manages its own pages.
"""

from __future__ import annotations

from savctl.errors import Unavailable
from savctl.persistence.schema.residue import overwrite_residue
from savctl.usecases.erasure.place import ErasureWork, Place, Search


class FreePages(Place):
    """Nothing that a query could count: done or not done."""

    name = "free_pages"
    order = 1_000
    what = "free pages and write-ahead log of the embedded database"

    def find(self, search: Search) -> int:
        """Nothing: no query sees a free page."""
        return 0

    def erase(self, work: ErasureWork) -> None:
        """Write the file anew.

        Raises:
            Unavailable: other connections keep savctl from it.
        """
        work.terms.require_lease()
        if not overwrite_residue(work.database):
            raise Unavailable(
                "other connections keep savctl from overwriting the free pages of "
                f"{work.database.name}",
                hint="Run the same command again when nobody reads a long list.",
            )


PLACE = FreePages()
