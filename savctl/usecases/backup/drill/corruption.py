"""A damaged database: the newest backup is restored whole, and the copied logs replayed."""

from __future__ import annotations

from datetime import datetime

from savctl.domain.backup.log_positions import position
from savctl.domain.backup.manifest import Manifest
from savctl.domain.backup.replay_span import following
from savctl.persistence.engine import Database
from savctl.usecases.backup import catalog
from savctl.usecases.backup.drill.work import DrillFailed, DrillWork
from savctl.usecases.backup.dumps import measured
from savctl.usecases.backup.proving import differences
from savctl.usecases.backup.scratch import scratch_copy
from savctl.usecases.backup.until import replay_until


def rehearse_corruption(work: DrillWork) -> float:
    """Restore beside the live database, compare every table, replay; answers what is lost.

    Raises:
        SavError: there is no backup, it is spoiled, or it is not what was dumped.
    """
    manifest = catalog.newest(work.backups)
    with scratch_copy(work.backups, manifest) as copy:
        with measured(copy, None if copy.is_sqlite else work.backups.client) as content:
            found = differences(manifest.tables, content.tables)
        if found:
            raise DrillFailed(found[0])
        covered = _replayed(work, manifest, copy)
    return (work.backups.clock() - covered).total_seconds()


def _replayed(work: DrillWork, manifest: Manifest, copy: Database) -> datetime:
    """The moment up to which the copy has the data."""
    start = position(manifest.position or "")
    copied = work.logs.store.logs() if work.logs is not None else ()
    if start is None or not copied:
        return manifest.made_at
    chain = following(copied, start)
    if not chain:  # copied before the backup was made
        return manifest.made_at
    last = chain[-1]
    if last.part != copied[-1].part:
        raise DrillFailed(f"the copied logs have a gap behind {last.name}")
    if last.end_position.order <= start.order:
        return manifest.made_at
    replay_until(work.backups, work.logs, manifest, str(copy.url.database), last.end_position)
    return last.covers_until
