"""The search index: words of rows that are gone, merged away before the free pages are."""

from __future__ import annotations

from savctl.persistence.privacy.erasure.search_index import merge_segments
from savctl.usecases.erasure.place import ErasureWork, Place, Search


class WordsInTheIndex(Place):
    """No query finds them, but the file holds them."""

    name = "search_index"
    order = 950
    what = "words in the segments of the embedded database's search index"

    def find(self, search: Search) -> int:
        """Nothing: no search finds a row that is gone."""
        return 0

    def erase(self, work: ErasureWork) -> None:
        """Merge the segments."""
        work.transact(lambda uow: merge_segments(uow.connection))


PLACE = WordsInTheIndex()
