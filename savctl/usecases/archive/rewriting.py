"""A bundle is never changed: it is written anew without some tickets, and the old one purged.

That is how a ticket leaves the archive for good, and how the copy of a restored ticket goes. The
new bundle is written and read back first, then the index moves to it in one transaction.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from types import MappingProxyType

from savctl.errors import Refused, Unavailable
from savctl.persistence.archive import bundles, index
from savctl.persistence.archive.bundles import Bundle, State
from savctl.persistence.archive.index import Archived
from savctl.persistence.archive.ticket_snapshot import TicketSnapshot
from savctl.persistence.engine import Database
from savctl.persistence.jobs.lease import LeaseLost
from savctl.persistence.unit_of_work import UnitOfWork, in_transaction
from savctl.ports import Clock
from savctl.usecases.archive.cold_storage import ColdStorage, Damaged, Written
from savctl.usecases.archive.lines import digest_of
from savctl.usecases.batch.batches import BatchContext

Also = Callable[[UnitOfWork, Sequence[Archived]], None]


@dataclass(frozen=True, slots=True)
class ChangedTicket:
    """A ticket of a bundle as it shall stand in the new one."""

    whole: TicketSnapshot
    line: bytes


@dataclass(frozen=True, slots=True)
class Digests:
    """The SHA-256 of a bundle and of the one that was written for it; None where none was."""

    old: str | None
    new: str | None


Switched = Callable[[UnitOfWork, Digests], None]
NO_CHANGES: Mapping[int, ChangedTicket] = MappingProxyType({})


class Overtaken(Refused):
    """Another run has written the same bundle anew meanwhile; nothing was changed here."""

    code = "overtaken"


def rewrite(
    database: Database,
    clock: Clock,
    cold: ColdStorage,
    old: Bundle,
    *,
    terms: BatchContext,
    dropping: frozenset[int] = frozenset(),
    also: Also | None = None,
    changing: Mapping[int, ChangedTicket] = NO_CHANGES,
    switched: Switched | None = None,
) -> list[Archived]:
    """Write a bundle anew without `dropping` and without copies of tickets that live elsewhere.

    `also` is called with the dropped tickets inside the transaction in which they leave the
    index. Answers them. Those in `changing` stand otherwise in the new bundle; `switched` is
    called at the end of that transaction.

    Raises:
        Damaged: the old bundle is not what was written, or not there; nothing was changed.
        Overtaken: another run was faster.
        Unavailable: database or cold storage went away; the next run goes on.
    """
    run_id = terms.fence.run_id if terms.fence else None
    key, now = cold.new_key(clock()), clock()
    new, kept = in_transaction(
        database,
        lambda uow: _begun(uow, old, key, dropping=dropping, at=now, run_id=run_id),
        fence=terms.fence,
    )
    if new is None:
        cold.require(old.key)
    try:
        written = None
        if new is not None:
            written = _copied(cold, old, new, kept, clock, terms, changing)
        switch = _Switch(
            clock=clock,
            old=old,
            new=new,
            kept=kept,
            written=written,
            dropping=dropping,
            also=also,
            changing=changing,
            switched=switched,
        )
        dropped = in_transaction(database, switch, fence=terms.fence)
    except (Overtaken, LeaseLost):
        if new is not None:
            withdraw(database, cold, new)
        raise
    purge_obsolete(database, cold, old, terms=terms)
    return dropped


@dataclass(frozen=True, slots=True, kw_only=True)
class _Switch:
    """The transaction in which the index moves from the old bundle to the new one."""

    clock: Clock
    old: Bundle
    new: Bundle | None
    kept: dict[int, Archived]
    written: Written | None
    dropping: frozenset[int]
    also: Also | None
    changing: Mapping[int, ChangedTicket]
    switched: Switched | None

    def __call__(self, uow: UnitOfWork) -> list[Archived]:
        _require_done(uow, self.old)
        inside = index.of_bundle(uow.connection, self.old.id, lock=True)
        dropped = [row for one, row in inside.items() if one in self.dropping]
        if self.also is not None:
            self.also(uow, dropped)
        index.remove(uow.connection, [row.ticket_id for row in dropped])
        if self.new is not None and self.written is not None:
            self._move(uow, self.new, self.written, inside)
        elif inside.keys() - self.dropping:
            raise Overtaken(f"bundle {self.old.id} has other tickets than a moment ago")
        bundles.change(uow.connection, self.old.id, State.OBSOLETE)
        if self.switched is not None:
            new = self.written.sha256 if self.written else None
            self.switched(uow, Digests(self.old.sha256, new))
        return dropped

    def _move(
        self, uow: UnitOfWork, new: Bundle, written: Written, inside: dict[int, Archived]
    ) -> None:
        moved = sorted(self.kept.keys() & inside.keys())
        _enter(uow, self.old, new, [self.kept[one] for one in moved], written, self.clock)
        for one in moved:
            if one in self.changing:
                change = self.changing[one]
                index.replace(uow.connection, change.whole, digest_of(change.line))


def _begun(
    uow: UnitOfWork,
    old: Bundle,
    key: str,
    *,
    dropping: frozenset[int],
    at: datetime,
    run_id: int | None,
) -> tuple[Bundle | None, dict[int, Archived]]:
    """The new bundle, planned, and what is to be in it; no bundle when that is nothing."""
    _require_done(uow, old)
    inside = index.of_bundle(uow.connection, old.id)
    kept = {one: row for one, row in inside.items() if one not in dropping}
    if not kept:
        return None, kept
    new = bundles.plan(uow.connection, key, list(kept), at=at, run_id=run_id, replaces=old.id)
    return new, kept


def purge_obsolete(
    database: Database, cold: ColdStorage, bundle: Bundle, *, terms: BatchContext
) -> None:
    """Remove an obsolete bundle's object for good, then what is known of it.

    Raises:
        Unavailable: it could not be removed; it stays obsolete for the next run.
    """
    terms.require_lease()
    cold.purge(bundle.key)
    in_transaction(
        database, lambda uow: bundles.forget(uow.connection, bundle.id), fence=terms.fence
    )


def withdraw(database: Database, cold: ColdStorage, bundle: Bundle) -> None:
    """Remove what this run wrote after another one had taken over: nobody would look for it.

    Where database or store do not answer, the bundle stays planned, and the next run sweeps it.
    """
    with suppress(Unavailable):
        with database.reading() as connection:
            now = bundles.find(connection, bundle.id)
        if now is None or now.state in {State.PLANNED, State.OBSOLETE}:
            cold.purge(bundle.key)


def _require_done(uow: UnitOfWork, old: Bundle) -> None:
    now = bundles.find(uow.connection, old.id, lock=True)
    if now is None or now.state is not State.DONE:
        raise Overtaken(f"bundle {old.id} was written again by another run")


def _copied(
    cold: ColdStorage,
    old: Bundle,
    new: Bundle,
    kept: dict[int, Archived],
    clock: Clock,
    terms: BatchContext,
    changing: Mapping[int, ChangedTicket],
) -> Written:
    """The kept lines in the new object, byte for byte but for the changed ones; read back and
    compared with the index."""
    wanted = {one: row.line_sha256 for one, row in kept.items()}
    wanted |= {one: digest_of(c.line) for one, c in changing.items() if one in kept}

    def lines() -> Iterator[bytes]:
        for one, line in cold.tickets(old.key, raw_bytes=old.raw_bytes, sha256=old.sha256):
            if one in kept:
                yield changing[one].line if one in changing else line

    written = cold.write(new.key, lines(), ask=terms.require_lease)
    terms.require_lease()
    cold.describe(
        new.key,
        written,
        at=clock(),
        tickets=len(kept),
        messages=sum(row.messages for row in kept.values()),
        attachments=sum(row.attachments for row in kept.values()),
    )
    found = {
        one: digest_of(line)
        for one, line in cold.tickets(new.key, raw_bytes=written.raw_bytes, sha256=written.sha256)
    }
    if found != wanted:
        raise Damaged(new.key, f"does not hold the tickets of {old.key}")
    return written


def _enter(
    uow: UnitOfWork,
    old: Bundle,
    new: Bundle,
    moved: Sequence[Archived],
    written: Written,
    clock: Clock,
) -> None:
    """The index follows; what left the archive meanwhile stays a copy of the new bundle."""
    found = bundles.find(uow.connection, new.id, lock=True)
    if found is None or found.state is not State.PLANNED:
        raise Overtaken(f"bundle {new.id} was taken for a killed run's by another one")
    ids = [row.ticket_id for row in moved]
    index.move(uow.connection, old.id, new.id, ids)
    bundles.drop_copies(uow.connection, new.id, ids)
    bundles.change(
        uow.connection,
        new.id,
        State.DONE,
        replaces=None,
        sha256=written.sha256,
        size_bytes=written.size_bytes,
        raw_bytes=written.raw_bytes,
        tickets=written.lines,
        messages=sum(row.messages for row in moved),
        attachments=sum(row.attachments for row in moved),
        written_at=clock(),
        verified_at=clock(),
        done_at=clock(),
    )
