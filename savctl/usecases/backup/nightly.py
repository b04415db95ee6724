"""The jobs `backup` and `backup-verify`; the unit of their reports is backups."""

from __future__ import annotations

from savctl.errors import Findings
from savctl.usecases.backup import catalog
from savctl.usecases.backup.creating import create_backup
from savctl.usecases.backup.proving import verify_backup
from savctl.usecases.backup.pruning import prune_backups
from savctl.usecases.backup.work import BackupWork
from savctl.usecases.batch.batches import BatchContext
from savctl.usecases.batch.report import Item, ItemOutcome


def nightly_backup(work: BackupWork, terms: BatchContext) -> None:
    """Make a backup, and only then remove what the rule does not keep."""
    if not is_configured(work, terms):
        return
    made = create_backup(work, dry_run=terms.dry_run)
    name = "new" if made is None else made.id
    terms.report.add([_item(name, "made")], seen=1)
    pruned = prune_backups(work, dry_run=terms.dry_run)
    for one in pruned.removed:
        terms.report.add([_item(one.id, "removed by backup_keep")], seen=1)


def weekly_proof(work: BackupWork, terms: BatchContext) -> None:
    """Restore the newest backup and compare it.

    Raises:
        Findings: it is spoiled.
    """
    if not is_configured(work, terms):
        return
    newest = catalog.newest(work)
    verdict = verify_backup(work, newest.id, restore_test=True, dry_run=terms.dry_run)
    terms.report.add([_item(newest.id, "restored and compared")], seen=1)
    if verdict.problems:
        raise Findings(
            f"the backup {newest.id} is spoiled: {'; '.join(verdict.problems)}",
            hint="Make a new one now: savctl backup create.",
        )


def is_configured(work: BackupWork, terms: BatchContext) -> bool:
    """Whether there is a place; without one the job has nothing to do and says so."""
    if work.is_configured:
        return True
    terms.report.idle = "backup_url is not set: there are no backups"
    return False


def _item(name: str, text: str) -> Item:
    return Item(name, None, ItemOutcome.CHANGED, text, always_listed=True)
