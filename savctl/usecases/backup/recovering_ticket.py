"""`backup restore ID --ticket TKT`: a backup restored aside, and one ticket taken out of it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from savctl.domain.backup.replay_span import Until
from savctl.domain.model.references import Reference
from savctl.domain.privacy.erasure_keys import ErasureKeys
from savctl.ports import ObjectStore
from savctl.usecases.backup import catalog
from savctl.usecases.backup.one_ticket import TicketOfBackup, restore_ticket_rows
from savctl.usecases.backup.scratch import scratch_copy
from savctl.usecases.backup.ticket_files import FetchFile, FilesBack, bring_files_back
from savctl.usecases.backup.until import LogWork, replay_until
from savctl.usecases.backup.work import BackupWork
from savctl.usecases.operation import Operation


@dataclass(frozen=True, slots=True, kw_only=True)
class TicketRecovery:
    """What one ticket comes back with.

    Attributes:
        work: the backups.
        logs: the copied binary logs; None where there are none.
        store: opens the bucket.
        fetch: copies an object back from the mirror; None without a mirror.
        keys: the configured keys of erasures.
    """

    work: BackupWork
    logs: LogWork | None
    store: Callable[[], ObjectStore]
    fetch: FetchFile | None
    keys: ErasureKeys | None

    def run(
        self,
        op: Operation,
        backup_id: str,
        ref: Reference,
        *,
        until: Until | None = None,
        progress: Callable[[int], None] = lambda _: None,
    ) -> tuple[TicketOfBackup, FilesBack]:
        """Restore the backup into a scratch schema, its ticket into the live database.

        Files follow the rows: a killed run leaves records whose files the same command, or the
        next orphan cleanup, shows again.

        Raises:
            NoSuchBackup, NotFound: no such backup, or it has no such ticket.
            SpoiledFile: the backup is not what was written.
            Refused: see `restore_ticket_rows`.
            OutOfReach: the logs do not lead to `until`.
        """
        manifest = catalog.find(self.work.place(), backup_id)
        with scratch_copy(self.work, manifest, progress=progress) as copy:
            if until is not None:
                replay_until(self.work, self.logs, manifest, str(copy.url.database), until)
            done = restore_ticket_rows(op, copy, backup_id, ref, keys=self.keys)
        if not done.file_keys:
            return done, FilesBack()
        files = bring_files_back(
            self.store(), done.file_keys, fetch=self.fetch, dry_run=op.dry_run
        )
        return done, files
