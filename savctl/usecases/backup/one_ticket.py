"""One ticket of a backup comes back, its difference shown first (rules 17.4, settled 30)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime

from savctl.domain.backup.ticket_difference import (
    RowDifference,
    differences,
    merged_rows,
    merged_ticket,
    status_before,
)
from savctl.domain.events.events import TicketStatusChanged
from savctl.domain.model.history import Action, HistoryEntry
from savctl.domain.model.metadata import Metadata
from savctl.domain.model.references import Reference
from savctl.domain.model.states import Status
from savctl.domain.model.status_chain import Item
from savctl.domain.privacy.erasure import PersonErased, come_back_hint
from savctl.domain.privacy.erasure_keys import ErasureKeys
from savctl.errors import NotFound, Refused
from savctl.persistence.archive import index
from savctl.persistence.archive.putting_back import InsertRefused, lacking_parents
from savctl.persistence.archive.row_values import NotFaithful
from savctl.persistence.archive.snapshot_columns import key_of
from savctl.persistence.archive.ticket_snapshot import TicketSnapshot
from savctl.persistence.audit import Audited
from savctl.persistence.backups.ticket_rows import (
    PARTS,
    lock_ticket,
    others_in_the_way,
    put_rows,
    read_ticket,
    rows_of,
)
from savctl.persistence.engine import Database
from savctl.persistence.privacy.erasure.suppressions import suppressed
from savctl.persistence.tickets.integrity import audited
from savctl.persistence.unit_of_work import UnitOfWork, in_transaction
from savctl.usecases.operation import Operation

_NAMED = 5


class TicketInTheWay(Refused):
    """An id or the number of the ticket belongs to something else now."""

    code = "collision"


@dataclass(frozen=True, slots=True, kw_only=True)
class TicketOfBackup:
    """What a restore of one ticket did, or would do.

    Attributes:
        differences: the rows that differ from the backup, and those that are newer than it.
        was_missing: the ticket was not there at all.
        is_changed: a row was written.
        keeps_closed: it is closed now and was not then; it stays closed.
        previous_status: the status that was left, when the restore changed it.
        status: its status now.
        file_keys: the objects of its attachments, size in bytes by key.
    """

    id: int
    ticket_number: str
    differences: tuple[RowDifference, ...]
    was_missing: bool
    is_changed: bool
    keeps_closed: bool
    previous_status: str | None
    status: str
    file_keys: dict[str, int] = field(default_factory=dict)


def restore_ticket_rows(
    op: Operation,
    scratch: Database,
    backup_id: str,
    ref: Reference,
    *,
    keys: ErasureKeys | None = None,
) -> TicketOfBackup:
    """Bring the rows of one ticket back from a restored copy of a backup, in one transaction.

    Ids, number and times are those of the backup; rows that are newer stay, and so does the
    status of a ticket that is closed now. The history gets one entry, `restored`; the only
    event is `TicketStatusChanged`, where the status changes.

    Args:
        op: on the live database; `dry_run` shows the difference and stores nothing.
        scratch: the backup, restored somewhere else.
        backup_id: named in the history.
        ref: number or id of the ticket.
        keys: the configured keys of erasures.

    Raises:
        NotFound: the backup has no such ticket.
        TicketInTheWay: an id or the number belongs to something else now.
        PersonErased: a customer on it was erased since.
        Refused: a column of the backup is not there any more, or a parent row is missing.
    """
    with scratch.reading() as connection:
        then = read_ticket(connection, ref)
    if then is None:
        raise NotFound(
            f"backup {backup_id} has no ticket {ref}",
            hint="Was it created later? savctl backup list shows the others.",
        )
    restoring = _Restoring(op, then, backup_id, keys)
    return in_transaction(op.database, restoring.work, dry_run=op.dry_run)


@dataclass(frozen=True, slots=True)
class _Restoring:
    op: Operation
    then: TicketSnapshot
    backup_id: str
    keys: ErasureKeys | None

    def work(self, uow: UnitOfWork) -> TicketOfBackup:
        ticket_id = int(self.then.ticket["id"])
        now = lock_ticket(uow.connection, ticket_id)
        self._require_free(uow, now)
        self._require_nobody_erased(uow)
        wanted = _merged(self.then, now, audited(uow.connection, [ticket_id])[ticket_id])
        found = tuple(_differences(self.then, now))
        before = status_before(now.ticket if now else None, wanted.ticket)
        is_changed = now is None or now != wanted
        done = _outcome(self.then, wanted, found, now, before, is_changed=is_changed)
        if is_changed:
            self._store(uow, wanted, now, done)
        uow.purges.cancel(list(done.file_keys))
        return done

    def _store(
        self,
        uow: UnitOfWork,
        wanted: TicketSnapshot,
        now: TicketSnapshot | None,
        done: TicketOfBackup,
    ) -> None:
        reason = f"restored from backup {self.backup_id}"
        metadata = Metadata.read(wanted.ticket["metadata"])
        at = _moment(metadata, self.op.clock())
        entries = [HistoryEntry(at, self.op.actor, Action.RESTORED, reason=reason)]
        if done.previous_status is not None:
            before, after = done.previous_status, done.status
            step = HistoryEntry(at, self.op.actor, Action.STATUS, before, after, reason)
            entries.insert(0, step)
            uow.outbox.append([(_event(wanted, before, after, self.op.actor, reason), at)])
        metadata = _encrypted(self.op.database, done.id, metadata.with_history(entries))
        wanted.ticket["metadata"] = metadata.text()
        _put(uow, wanted, now, done.ticket_number)
        uow.audit.append(Audited(done.id, entry) for entry in entries)
        uow.alarms.schedule_now([(done.id, at)])

    def _require_free(self, uow: UnitOfWork, now: TicketSnapshot | None) -> None:
        number = str(self.then.ticket["ticket_number"])
        if now is not None and now.ticket["ticket_number"] != number:
            found = [f"support_tickets.id {now.ticket['id']}"]
        else:
            found = others_in_the_way(uow.connection, self.then, now)
        if found:
            more = len(found) - _NAMED
            listing = ", ".join(found[:_NAMED]) + (f" and {more} more" if more > 0 else "")
            raise TicketInTheWay(
                f"{number} cannot be restored: in use by something else: {listing}",
                hint="Restore the whole backup with --into to look at it.",
                ticket_number=number,
            )
        archived = index.find(uow.connection, int(self.then.ticket["id"]))
        archived = archived or index.find(uow.connection, number)
        if archived is not None:
            raise TicketInTheWay(
                f"{number} cannot be restored: it is in the archive",
                hint=f"Run 'savctl archive restore {archived.ticket_number}'.",
                ticket_number=number,
            )

    def _require_nobody_erased(self, uow: UnitOfWork) -> None:
        """Neither the ticket's customer nor another one whose words are on it."""
        customers = {int(self.then.ticket["user_id"])}
        for row in self.then.messages:
            if row["sender_type"] == "customer" and row["sender_id"] is not None:
                customers.add(int(row["sender_id"]))
        if erased := suppressed(uow.connection, customers, self.keys):
            number = str(self.then.ticket["ticket_number"])
            raise PersonErased(
                f"{number} cannot be restored: a customer on it was erased",
                hint=come_back_hint(min(erased)),
                ticket_number=number,
            )


def _encrypted(database: Database, ticket_id: int, metadata: Metadata) -> Metadata:
    """What was stored plain then is encrypted where values are encrypted now."""
    return database.codec.encrypted(ticket_id, metadata, before=metadata)


def _put(uow: UnitOfWork, wanted: TicketSnapshot, now: TicketSnapshot | None, number: str) -> None:
    try:
        put_rows(uow.connection, wanted, now)
    except NotFaithful as problem:
        raise Refused(
            f"{number} cannot be restored: {problem}",
            hint="Is the schema the one of the backup? savctl db status",
            ticket_number=number,
        ) from problem
    except InsertRefused as problem:
        raise Refused(
            f"{number} cannot be restored: {lacking_parents(wanted) or problem}",
            ticket_number=number,
        ) from problem


def _merged(
    then: TicketSnapshot, now: TicketSnapshot | None, audit: Sequence[Item]
) -> TicketSnapshot:
    def rows(name: str, key: str) -> list[dict[str, object]]:
        return merged_rows(key, rows_of(then, name), rows_of(now, name))

    ticket = merged_ticket(then.ticket, now.ticket if now else None, audit)
    return TicketSnapshot(
        ticket, rows("messages", "id"), rows("attachments", "id"), rows("files", "attachment_id")
    )


def _differences(then: TicketSnapshot, now: TicketSnapshot | None) -> list[RowDifference]:
    return [
        found
        for table, name in PARTS
        for found in differences(
            table.name, key_of(table.name), rows_of(then, name), rows_of(now, name)
        )
    ]


def _outcome(
    then: TicketSnapshot,
    wanted: TicketSnapshot,
    found: tuple[RowDifference, ...],
    now: TicketSnapshot | None,
    before: str | None,
    *,
    is_changed: bool,
) -> TicketOfBackup:
    status = str(wanted.ticket["status"])
    marked = {row["attachment_id"] for row in wanted.files if row["deleted_at"] is not None}
    return TicketOfBackup(
        id=int(then.ticket["id"]),
        ticket_number=str(then.ticket["ticket_number"]),
        differences=found,
        was_missing=now is None,
        is_changed=is_changed,
        keeps_closed=status == Status.CLOSED and then.ticket["status"] != Status.CLOSED,
        previous_status=before if before not in {None, status} else None,
        status=status,
        file_keys={
            str(row["file_path"]): int(row["file_size"])
            for row in then.attachments
            if row["id"] not in marked
        },
    )


def _event(
    wanted: TicketSnapshot, before: str, after: str, actor: int | None, reason: str
) -> TicketStatusChanged:
    return TicketStatusChanged(
        ticket_id=int(wanted.ticket["id"]),
        ticket_number=str(wanted.ticket["ticket_number"]),
        user_id=int(wanted.ticket["user_id"]),
        previous_status=before,
        new_status=after,
        changed_by=actor,
        reason=reason,
    )


def _moment(metadata: Metadata, now: datetime) -> datetime:
    """Now, never before what stands on the ticket already (rules 20.9)."""
    return max(now, *(entry.at for entry in metadata.history), now)
