"""The mirror of the bucket: the person's objects that no other key uses (rules 16.3, 17.2).

It goes before the objects: afterwards nobody names the keys any more. What a purge of the bucket
takes back later is the store's own matter. Bundles of the archive that are written anew leave the
mirror with their old keys.
"""

from __future__ import annotations

from contextlib import closing

from savctl.domain.files.file_names import TICKETS
from savctl.persistence.archive.bundles import named_bundles
from savctl.persistence.files.file_references import named
from savctl.persistence.privacy.erasure import hot_tickets
from savctl.persistence.sql import chunks
from savctl.usecases.archive.cold_storage import SUFFIX
from savctl.usecases.erasure.place import ErasureWork, Place, Search
from savctl.usecases.mirror.forgetting import Forgetting
from savctl.usecases.mirror.index import MirrorIndex

_AT_ONCE = 500


class MirroredObjects(Place):
    """Second copies of files."""

    name = "mirror"
    order = 38
    what = "mirror of the bucket: keys, and contents that no other key uses"
    holds = ("mirror: objects/", "mirror: index/")

    def find(self, search: Search) -> int:
        """Keys of theirs in the index."""
        if search.mirror is None:
            return 0
        with search.mirror.reading() as index:
            found = _of_theirs(search, index)
            with search.database.reading() as connection:
                own = hot_tickets.keys_of_own(connection, search.scope)
            return len(found | {key for key in own if index.scratch.of_key(key)})

    def erase(self, work: ErasureWork) -> None:
        """Take their keys back; then let no line and no content of a killed run be left."""
        if work.mirror is None:
            return
        with work.mirror.reading() as index:
            found = _of_theirs(work.search, index)
            stale = _stale_bundles(work.search, index)
        with closing(Forgetting(work.mirror)) as forgetting:
            for keys in chunks(sorted(found | stale), _AT_ONCE):
                work.terms.require_lease()
                forgetting.forget(keys)
            forgetting.tidy()
        work.count(self.name, len(found))


def _of_theirs(search: Search, index: MirrorIndex) -> set[str]:
    """Keys below the prefixes of tickets that are gone, but those that others' records name."""
    found = {
        key
        for ticket_id in search.scope.gone
        for key in index.scratch.below(f"{TICKETS}{ticket_id}/")
    }
    if not found:
        return found
    with search.database.reading() as connection:
        return found - named(connection, found).keys()


def _stale_bundles(search: Search, index: MirrorIndex) -> set[str]:
    """Bundles that no row and no object has any more: nobody knows whom they name."""
    prefix = search.cold.prefix
    keys = {key for key in index.scratch.below(prefix) if key.endswith(SUFFIX)}
    if not keys:
        return set()
    with search.database.reading() as connection:
        keys -= named_bundles(connection, keys)
    return {key for key in keys if not search.store.remains(key)}


PLACE = MirroredObjects()
