"""The brake after a restore: files newer than the backup have no record (rules 17.4)."""

from __future__ import annotations

from savctl.persistence.backups.restored import lift_orphan_brake, orphan_brake
from savctl.persistence.engine import Database
from savctl.usecases.batch.batches import BatchContext
from savctl.usecases.batch.safety_limit import stop

_JOB = "orphan-cleanup"


def require_looked_at(database: Database, terms: BatchContext) -> None:
    """Pass unless the database was restored and nobody has lifted the brake since.

    Raises:
        NeedsConfirmation: so it is; nothing was hidden.
    """
    with database.reading() as connection:
        why = orphan_brake(connection)
    if why is not None:
        stop(
            terms,
            why,
            lifted_by="--force",
            undone="nothing was hidden",
            hint="Files newer than the backup have no record. Look at them: savctl attachment "
            f"orphans. Then lift the brake once: savctl job run {_JOB} --force.",
            job=_JOB,
        )


def lift_after_restore(database: Database, terms: BatchContext) -> None:
    """A person has looked, and the run came to its end."""
    if terms.dry_run or terms.report.left:
        return
    with database.reading() as connection:
        why = orphan_brake(connection)
    if why is not None:
        database.transaction(lift_orphan_brake)
