"""Bundles of the archive: written anew without the person, the old ones purged.

Each bundle with something of the person is written once. What others wrote on an archived ticket
by a merge goes home in the transaction in which the ticket leaves the index.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import replace

from savctl.domain.files.object_keys import Shape, shape_of
from savctl.domain.privacy.erasure import Mode
from savctl.persistence.archive import bundles, index
from savctl.persistence.archive.bundles import Bundle, State
from savctl.persistence.archive.index import Archived
from savctl.persistence.engine import Database
from savctl.persistence.files.purge_queue import PurgeReason, PurgeRequest
from savctl.persistence.privacy.erasure import archived, hot_tickets
from savctl.persistence.privacy.erasure.ledger import Erasures
from savctl.persistence.privacy.erasure.scope import Scope
from savctl.persistence.privacy.erasure.work_list import TicketFate
from savctl.persistence.unit_of_work import UnitOfWork
from savctl.usecases.archive.rewriting import Digests, Overtaken, rewrite
from savctl.usecases.archive.steps import Steps
from savctl.usecases.batch.report import BatchReport
from savctl.usecases.erasure.archived_words import return_archived_words
from savctl.usecases.erasure.bundle_scan import BundleFindings, BundleSearch
from savctl.usecases.erasure.place import ErasureWork, Place, Search

_AT_ONCE = 100


class Archive(Place):
    """Archived tickets, copies in bundles, and their words on archived tickets of others."""

    name = "archive"
    order = 20
    what = "archived tickets, and their words on archived tickets of others"
    holds = (
        *("savctl_archived_tickets.*", "savctl_archived_files.*", "savctl_archive_copies.*"),
        "archive: bundles",
    )

    def find(self, search: Search) -> int:
        """Tickets, copies, and words; every bundle is read."""
        with search.database.reading() as connection:
            own = frozenset(a.ticket_id for a in index.archived_of(connection, _user(search)))
            found = len(own) + archived.count_copies(connection, _user(search))
        looking = _looking(search.scope)
        for bundle in _all_bundles(search.database):
            found += looking.read(search.cold, bundle, own).words
        return found

    def erase(self, work: ErasureWork) -> None:
        """Finish what killed runs left, then write each bundle anew that holds something."""
        _tidy(work)
        for bundle in _all_bundles(work.database):
            self._erase_from(work, bundle)
            work.look_again()

    def _erase_from(self, work: ErasureWork, bundle: Bundle) -> None:
        with work.database.reading() as connection:
            inside = index.of_bundle(connection, bundle.id)
            has_copies = archived.has_copies(connection, bundle.id, work.base.user_id)
        own = frozenset(i for i, a in inside.items() if a.user_id == work.base.user_id)
        found = _looking(work.scope).read(work.cold, bundle, own)
        if found.is_empty and not has_copies:
            return
        found.changing = {i: change for i, change in found.changing.items() if i in inside}
        terms = replace(work.terms, report=BatchReport(), counts=None)
        work.transact(lambda _: None)  # asks whether to stop
        try:
            rewrite(
                work.database,
                work.clock,
                work.cold,
                bundle,
                terms=terms,
                dropping=frozenset(found.dropping),
                also=lambda uow, dropped: _leave(work, uow, found, dropped),
                changing=found.changing,
                switched=lambda uow, digests: _switched(work, uow, found, digests),
            )
        except Overtaken:
            return  # by the archive or retention: the next round reads what they wrote


def _tidy(work: ErasureWork) -> None:
    """What a killed run wrote or replaced may hold words of theirs on tickets of others alone:
    then nothing names the person, and it goes all the same."""
    with work.database.reading() as connection:
        is_between = archived.has_unfinished_copies(connection, work.base.user_id)
    terms = replace(work.terms, report=BatchReport(), counts=None)
    steps = Steps(work.database, work.clock, work.cold, terms)
    work.terms.require_lease()
    if is_between:
        steps.tidy()
    steps.drop_void()


def _user(search: Search) -> int:
    return search.scope.user_id


def _looking(scope: Scope) -> BundleSearch:
    return BundleSearch(user_id=scope.user_id, mode=scope.mode, gone=scope.gone)


def _all_bundles(database: Database) -> Iterator[Bundle]:
    after = 0
    while True:
        with database.reading() as connection:
            page = bundles.page(connection, after_id=after, limit=_AT_ONCE)
        yield from (bundle for bundle in page if bundle.state is State.DONE)
        if not page:
            return
        after = page[-1].id


def _leave(
    work: ErasureWork, uow: UnitOfWork, found: BundleFindings, dropped: Sequence[Archived]
) -> None:
    """In the transaction in which tickets leave the index."""
    now, ids = work.clock(), [row.ticket_id for row in dropped]
    gone = found.dropping & set(ids) | found.anonymised
    words = {i: whole for i, whole in found.with_words.items() if i in gone}
    listed = work.listed(uow)
    listed.removed("words_of_others", return_archived_words(uow, work.base.user_id, words, now))
    uow.purges.want(hot_tickets.objects_named(uow.connection, ids, at=now), at=now)
    listed.remember([(i, found.links.get(i)) for i in ids], TicketFate.DELETED)
    listed.removed("archive", len(ids))


def _switched(work: ErasureWork, uow: UnitOfWork, found: BundleFindings, digests: Digests) -> None:
    """At its end: what goes out of tickets that stay, and the digests for the certificate."""
    now, listed = work.clock(), work.listed(uow)
    doomed = [
        PurgeRequest(
            key=key, reason=PurgeReason.ERASURE, due_at=now, ticket_id=ticket_id, size_bytes=size
        )
        for ticket_id, key, size in found.keys
        if shape_of(key) is not Shape.BUNDLE
    ]
    uow.purges.want(doomed, at=now)
    uow.purges.take_over([one.key for one in doomed])
    if work.base.mode is Mode.ANONYMISE:
        kept = [(i, found.links.get(i)) for i in sorted(found.anonymised)]
        listed.remember(kept, TicketFate.ANONYMISED)
    listed.removed("archive", len(found.anonymised) + found.words)
    erasure = Erasures(uow.connection).get(work.erasure.id)
    known = json.loads(erasure.bundles or "[]")
    known.append({"old": digests.old, "new": digests.new})
    Erasures(uow.connection).change(erasure.id, bundles=json.dumps(known))


PLACE = Archive()
