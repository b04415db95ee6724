"""Removing the entries of changed tickets from the service's cache (rules 19.5).

Whoever is faster removes them; twice is no harm. So no lease is needed, and a change is forgotten
only after its entries are gone: at least once.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from functools import partial

from savctl.persistence.engine import Database
from savctl.persistence.events.cache_removals import CacheRemoval, CacheRemovals, forget_removals
from savctl.ports.ticket_cache import TicketCache

SETTLE = timedelta(seconds=5)
PAUSE = timedelta(seconds=1)  # between two looks
_PAGE = 1_000


def remove_cached(
    database: Database,
    cache: TicketCache,
    *,
    settle: timedelta = SETTLE,
    should_stop: Callable[[], bool] = lambda: False,
) -> int:
    """Remove the entries of every ticket whose change waits; answers how many changes are done.

    Entries of a change younger than `settle` are removed as well, and again the next time: a
    reader may store what it had read before the change.

    Raises:
        TicketCacheUnavailable: the cache does not answer; what waits goes on waiting.
        Unavailable: the database does not answer.
    """
    done, after_id = 0, 0
    while not should_stop():
        page = _page(database, after_id, settle)
        if not page:
            return done
        after_id = page[-1].id
        cache.remove(list(dict.fromkeys(one.ticket_id for one in page)))
        settled = [one.id for one in page if one.is_settled]
        if settled:
            database.transaction(partial(forget_removals, ids=settled))
            done += len(settled)
    return done


def _page(database: Database, after_id: int, settle: timedelta) -> list[CacheRemoval]:
    with database.reading() as connection:
        return CacheRemovals(connection).page(after_id=after_id, limit=_PAGE, settle=settle)
