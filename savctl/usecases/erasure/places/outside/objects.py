"""Objects in the bucket: every version, delete marker and unfinished upload of their files.

Keys are known from records, from the list of purges, and from the bucket itself: whatever lies
below `tickets/ID/` of an erased ticket goes, unless a record of somebody else names it.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import replace

from savctl.domain.files.file_names import TICKETS
from savctl.errors import Unavailable
from savctl.persistence.files.file_references import named
from savctl.persistence.files.purge_queue import Purge, PurgeReason, PurgeRequest, Purges
from savctl.persistence.privacy.erasure import hot_tickets
from savctl.persistence.sql import chunks
from savctl.persistence.unit_of_work import UnitOfWork
from savctl.ports import ObjectStore
from savctl.usecases.batch.report import BatchReport
from savctl.usecases.bucket.purging_objects import AT_ONCE, Purged, Purging, purge_page
from savctl.usecases.erasure.place import ErasureWork, Place, Search

_BY_TICKET = 500  # more tickets: the whole of tickets/ is listed once
_KEYS_AT_ONCE = 500
_BELOW = re.compile(r"tickets/([1-9][0-9]{0,18})/")


class Objects(Place):
    """Files, and what is left of them."""

    name = "objects"
    order = 40
    what = "files in the bucket: keys with all versions and markers"
    holds = ("bucket: tickets/", "savctl_purges.*")

    def find(self, search: Search) -> int:
        """Keys: those that lie in the bucket, and those that are to be purged still."""
        keys = set(_below(search.store, search.scope.gone))
        keys -= _named_by_others(search, keys)
        with search.database.reading() as connection:
            keys |= {one.object_key for one in _pending(Purges(connection), search.scope.gone)}
            keys |= hot_tickets.keys_of_own(connection, search.scope)
        return len(keys)

    def erase(self, work: ErasureWork) -> None:
        """Write down what lies in the bucket, then purge everything that is written down."""
        gone = work.scope.gone
        _end_uploads(work, gone)
        found = _below(work.store, gone)
        for keys in chunks(found, _KEYS_AT_ONCE):
            work.transact(lambda uow, keys=keys: _want(work, uow, keys))  # type: ignore[misc]
        report = BatchReport()
        purging = Purging(
            database=work.database,
            store=work.store,
            clock=work.clock,
            terms=replace(work.terms, report=report, counts=None),
        )
        _purge(work, purging, lambda p, after: p.of_erasures(after_id=after, limit=AT_ONCE))
        for ids in work.scope.parts():
            _purge(
                work,
                purging,
                lambda p, after, ids=ids: p.of_tickets(  # type: ignore[misc]
                    ids, after_id=after, limit=AT_ONCE
                ),
            )
        if report.failed:
            first = next(item for item in report.items if item.outcome == "failed")
            raise Unavailable(
                f"{report.failed} objects could not be removed from {work.store.name}, "
                f"the first because: {first.reason}",
                hint="Run the same command again once the bucket lets them go.",
            )


def _purge(
    work: ErasureWork, purging: Purging, page_of: Callable[[Purges, int], list[Purge]]
) -> None:
    after = 0
    while True:
        with work.database.reading() as connection:
            page = page_of(Purges(connection), after)
        if not page:
            return
        done = Purged()
        purge_page(purging, page, done)
        work.count("objects", done.objects)
        after = page[-1].id


def _want(work: ErasureWork, uow: UnitOfWork, keys: list[str]) -> None:
    now = work.clock()
    doomed = [
        PurgeRequest(key=key, reason=PurgeReason.ERASURE, due_at=now, ticket_id=_ticket_of(key))
        for key in keys
    ]
    uow.purges.want(doomed, at=now)
    uow.purges.take_over(keys)


def _ticket_of(key: str) -> int | None:
    """The ticket below whose prefix a key lies, whatever its shape."""
    found = _BELOW.match(key)
    return int(found[1]) if found else None


def _below(store: ObjectStore, ticket_ids: frozenset[int]) -> Iterator[str]:
    """The keys that lie below these tickets' prefixes, whether they are visible or not."""
    if len(ticket_ids) <= _BY_TICKET:
        for ticket_id in sorted(ticket_ids):
            prefix = f"{TICKETS}{ticket_id}/"
            yield from sorted({version.key for version in store.versions(prefix)})
        return
    last = ""
    for version in store.versions(TICKETS):
        if version.key != last and _ticket_of(version.key) in ticket_ids:
            yield version.key
        last = version.key


def _named_by_others(search: Search, keys: set[str]) -> set[str]:
    """Those that a record names: theirs are gone by the time that this is asked."""
    if not keys:
        return set()
    with search.database.reading() as connection:
        return set(named(connection, keys))


def _pending(purges: Purges, ticket_ids: frozenset[int]) -> Iterator[Purge]:
    after = 0
    while page := purges.of_erasures(after_id=after, limit=AT_ONCE):
        yield from page
        after = page[-1].id
    for ids in chunks(sorted(ticket_ids), _KEYS_AT_ONCE):
        after = 0
        while page := purges.of_tickets(ids, after_id=after, limit=AT_ONCE):
            yield from page
            after = page[-1].id


def _end_uploads(work: ErasureWork, ticket_ids: frozenset[int]) -> None:
    if not ticket_ids:
        return
    for part in work.store.partial_uploads(TICKETS):
        if _ticket_of(part.key) in ticket_ids:
            work.terms.require_lease()
            work.store.abort_parts(part.key, part.upload_id)


PLACE = Objects()
