"""One archived ticket comes back as it was (rules 9.1, 11.9)."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from savctl.domain.encryption.codec import MetadataCodec
from savctl.domain.model.history import Action, HistoryEntry
from savctl.domain.model.metadata import Metadata
from savctl.domain.privacy.erasure import PersonErased, come_back_hint
from savctl.domain.privacy.erasure_keys import ErasureKeys
from savctl.errors import Refused
from savctl.persistence.archive import bundles, index
from savctl.persistence.archive.bundles import Bundle
from savctl.persistence.archive.index import Archived
from savctl.persistence.archive.putting_back import InsertRefused, lacking_parents, put_back
from savctl.persistence.archive.row_values import NotFaithful
from savctl.persistence.archive.snapshot_columns import columns_of
from savctl.persistence.archive.ticket_snapshot import TicketSnapshot, conflicts
from savctl.persistence.audit import Audited
from savctl.persistence.engine import Database
from savctl.persistence.privacy.erasure.suppressions import suppressed
from savctl.persistence.unit_of_work import UnitOfWork, in_transaction
from savctl.usecases.archive.cold_storage import ColdStorage, Damaged
from savctl.usecases.archive.lines import digest_of, whole_of
from savctl.usecases.operation import Operation

_NAMED = 5


class Collision(Refused):
    """An id or the number of an archived ticket is in use again."""

    code = "collision"


@dataclass(frozen=True, slots=True)
class RestorableTicket:
    """An archived ticket, and what its bundle holds of it."""

    archived: Archived
    bundle: Bundle
    whole: TicketSnapshot


def read_archived(database: Database, cold: ColdStorage, ref: str | int) -> RestorableTicket:
    """The archived ticket of this number or id, as it was.

    Raises:
        NotFound: no such ticket is archived.
        Damaged: its line in the bundle is not what was written.
        Unavailable: database or cold storage does not answer.
    """
    with database.reading() as connection:
        archived = index.get(connection, ref)
        bundle = bundles.get(connection, archived.bundle_id)
    try:
        return RestorableTicket(archived, bundle, _read(cold, archived, bundle))
    except Damaged:
        with database.reading() as connection:
            now = index.get(connection, archived.ticket_id)
        if now.bundle_id == archived.bundle_id:
            raise
    return read_archived(database, cold, ref)  # the bundle was written anew meanwhile


def _read(cold: ColdStorage, archived: Archived, bundle: Bundle) -> TicketSnapshot:
    for ticket_id, line in cold.tickets(bundle.key, raw_bytes=bundle.raw_bytes):
        if ticket_id == archived.ticket_id:
            if digest_of(line) != archived.line_sha256:
                break
            return whole_of(line)
    raise Damaged(
        bundle.key,
        f"does not hold {archived.ticket_number} as it was written",
        hint="Run 'savctl archive verify', then copy the object from a backup of the bucket.",
        ticket_number=archived.ticket_number,
    )


def restore_ticket(
    op: Operation,
    cold: ColdStorage,
    ref: str | int,
    *,
    reason: str | None = None,
    keys: ErasureKeys | None = None,
) -> RestorableTicket:
    """Bring an archived ticket back: rows, ids, number and times as they were.

    Its history gets one entry, `restored`. Files never left the bucket. The copy in the bundle
    is written down as one, and goes with the next run of the archive job.

    Raises:
        NotFound: no such ticket is archived.
        Collision: an id or the number is in use again.
        Damaged: its line in the bundle is not what was written; nothing was changed.
        PersonErased: its customer was erased; `keys` are the configured ones.
    """
    found = read_archived(op.database, cold, ref)

    def work(uow: UnitOfWork) -> RestorableTicket:
        now = index.get(uow.connection, found.archived.ticket_id, lock=True)
        if now.bundle_id != found.archived.bundle_id:  # written anew meanwhile: the same line
            _require_same(now, found.archived)
        _require_not_erased(uow, now, keys)
        _require_free(uow, found.whole)
        entry = HistoryEntry(
            at=_moment(found, op.clock()), actor=op.actor, action=Action.RESTORED, reason=reason
        )
        _insert(uow, _encrypted(op.database.codec, with_entry(found.whole, entry)))
        index.remove(uow.connection, [now.ticket_id])
        bundles.add_copies(uow.connection, now.bundle_id, [(now.ticket_id, now.user_id)])
        uow.audit.append([Audited(now.ticket_id, entry)])
        return found

    return in_transaction(op.database, work, dry_run=op.dry_run)


def _require_not_erased(uow: UnitOfWork, archived: Archived, keys: ErasureKeys | None) -> None:
    if suppressed(uow.connection, [archived.user_id], keys):
        raise PersonErased(
            f"{archived.ticket_number} stays where it is: its customer was erased",
            hint=come_back_hint(archived.user_id),
            ticket_number=archived.ticket_number,
        )


def _require_same(now: Archived, then: Archived) -> None:
    if now.line_sha256 != then.line_sha256:
        raise Refused(f"{then.ticket_number} changed meanwhile; try again")


def _require_free(uow: UnitOfWork, whole: TicketSnapshot) -> None:
    found = conflicts(uow.connection, whole)
    if found:
        number, more = whole.ticket["ticket_number"], len(found) - _NAMED
        listing = ", ".join(found[:_NAMED]) + (f" and {more} more" if more > 0 else "")
        raise Collision(
            f"{number} cannot be restored: in use again: {listing}",
            hint="savctl archive show reads it where it is.",
            ticket_number=number,
        )


def _moment(found: RestorableTicket, now: datetime) -> datetime:
    """Now, never before what stands on the ticket already (rules 20.9)."""
    history = Metadata.read(found.whole.ticket["metadata"]).history
    return max(now, found.archived.closed_at, *(entry.at for entry in history))


def with_entry(whole: TicketSnapshot, entry: HistoryEntry) -> TicketSnapshot:
    """The ticket as it stands once it is back, with its new entry in the history."""
    stored = Metadata.read(whole.ticket["metadata"])
    ticket = {**whole.ticket, "metadata": stored.with_history([entry]).text()}
    return TicketSnapshot(ticket, whole.messages, whole.attachments, whole.files)


def _encrypted(codec: MetadataCodec, whole: TicketSnapshot) -> TicketSnapshot:
    """The ticket as it is stored again: what was archived plain is encrypted."""
    stored = Metadata.read(whole.ticket["metadata"])
    metadata = codec.encrypted(int(whole.ticket["id"]), stored, before=stored)
    if metadata is stored:
        return whole
    ticket = {**whole.ticket, "metadata": metadata.text()}
    return TicketSnapshot(ticket, whole.messages, whole.attachments, whole.files)


def _insert(uow: UnitOfWork, whole: TicketSnapshot) -> None:
    """Put the rows back, or name the one that is in the way; nothing is stored then."""
    number = whole.ticket["ticket_number"]
    try:
        put_back(uow.connection, columns_of(uow.connection), whole)
    except NotFaithful as problem:
        raise Refused(
            f"{number} cannot be restored: {problem}",
            hint="Add the column again, or restore the ticket from a backup.",
            ticket_number=number,
        ) from problem
    except InsertRefused as problem:
        missing = lacking_parents(whole)
        raise Refused(
            f"{number} cannot be restored: {missing or problem}",
            hint=f"savctl archive show {number} reads it where it is.",
            ticket_number=number,
        ) from problem
