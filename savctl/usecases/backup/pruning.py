"""`backup prune`: what `backup_keep` does not keep goes (rules 17.2)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from savctl.domain.backup.manifest import OK, Manifest
from savctl.usecases.backup import catalog
from savctl.usecases.backup.work import BackupWork


@dataclass(frozen=True, slots=True)
class Pruned:
    """What was removed, or would be, and how many stay."""

    removed: Sequence[Manifest]
    kept: int


def prune_backups(work: BackupWork, *, dry_run: bool = False) -> Pruned:
    """Remove the backups that the rule does not keep.

    The newest one that was proven stays whatever the rule says, and the newest of all.
    """
    found = list(catalog.listing(work))
    kept_times = work.keep.kept([one.made_at for one in found], now=work.clock())
    spared = {one.id for one in found[:1]}
    spared |= {next((one.id for one in found if one.state == OK), "")}
    gone = [one for one in found if one.made_at not in kept_times and one.id not in spared]
    if not dry_run:
        for one in reversed(gone):
            catalog.forget(work, one.id)
    return Pruned(gone, len(found) - len(gone))
