"""A ticket deleted by accident: it comes back from a backup, into a copy that lost it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import replace

from savctl.domain.backup.manifest import OK, Manifest
from savctl.persistence.archive.ticket_snapshot import TicketSnapshot
from savctl.persistence.backups import schemas
from savctl.persistence.backups.ticket_rows import newest_ticket, read_ticket, remove_ticket
from savctl.persistence.engine import Database
from savctl.usecases.backup import catalog
from savctl.usecases.backup.drill.work import DrillFailed, DrillWork
from savctl.usecases.backup.one_ticket import restore_ticket_rows
from savctl.usecases.backup.scratch import load_schema, scratch_copy
from savctl.usecases.backup.work import BackupWork
from savctl.usecases.operation import Operation

_CHANGES = ("metadata", "updated_at")  # the history gets the entry "restored"


def rehearse_deletion(work: DrillWork) -> float:
    """Delete the newest ticket of a copy, and bring it back from another one.

    Raises:
        SavError: there is no backup with a ticket, or the ticket came back otherwise.
    """
    backups = work.backups
    manifest = _proven_or_newest(backups)
    with scratch_copy(backups, manifest) as source, _second_copy(backups, manifest) as damaged:
        with source.reading() as connection:
            ticket = newest_ticket(connection)
        if ticket is None:
            raise DrillFailed(f"the backup {manifest.id} has no ticket")
        before = _read(source, ticket)
        damaged.transaction(lambda c: remove_ticket(c, ticket))
        op = Operation(damaged, backups.clock)
        restore_ticket_rows(op, source, manifest.id, ticket)
        if _plain(_read(damaged, ticket)) != _plain(before):
            raise DrillFailed("the ticket is not the one that was deleted")
    return (backups.clock() - manifest.made_at).total_seconds()


def _proven_or_newest(work: BackupWork) -> Manifest:
    """The newest one that a restore test has proven; without one the newest."""
    proven = next((one for one in catalog.listing(work) if one.state == OK), None)
    return proven or catalog.newest(work)


@contextmanager
def _second_copy(work: BackupWork, manifest: Manifest) -> Iterator[Database]:
    """A second copy beside the first one."""
    if manifest.is_sqlite:
        with scratch_copy(work, manifest) as copy:
            yield copy
        return
    name = f"{manifest.scratch}_live"
    work.database.transaction(lambda c: schemas.drop(c, name))
    try:
        work.database.transaction(lambda c: schemas.create(c, name))
        load_schema(work, manifest, name)
        with closing(schemas.of_schema(work.database, name)) as copy:
            yield copy
    finally:
        work.database.transaction(lambda c: schemas.drop(c, name))


def _read(database: Database, ticket: int) -> TicketSnapshot:
    with database.reading() as connection:
        found = read_ticket(connection, ticket)
    if found is None:
        raise DrillFailed("the ticket was not restored")
    return found


def _plain(found: TicketSnapshot) -> TicketSnapshot:
    ticket = {name: value for name, value in found.ticket.items() if name not in _CHANGES}
    return replace(found, ticket=ticket)
