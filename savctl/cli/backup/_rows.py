"""What the commands of backups share: the work, progress, rows."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from typing import TYPE_CHECKING

from savctl.cli.framework.context import CommandContext
from savctl.cli.framework.effects import Effect
from savctl.errors import Unavailable

if TYPE_CHECKING:
    from savctl.cli.framework.stderr.progress import Progress
    from savctl.domain.backup.manifest import Manifest
    from savctl.usecases.backup.work import BackupWork

COLUMNS = ("id", "made_at", "state", "verified_at", "database", "bytes", "rows", "encrypted")
_MIB = 1024 * 1024


def work_of(call: CommandContext, *, needs_database: bool = False) -> BackupWork:
    """What backups work with; listing and restoring need no schema that fits."""
    from dataclasses import replace

    if needs_database:
        _ = call.database
    elif call.effect is not Effect.READS:
        with suppress(Unavailable):  # a lost database is no reason to restore nothing
            call.app.compare_clocks()
    return replace(call.app.backups, warn=call.warn, clock=call.clock)


def listed(manifest: Manifest) -> dict[str, object]:
    """The row of a backup in a list: the manifest, and its size and rows."""
    return {
        **manifest.as_json(),
        "bytes": manifest.size_bytes,
        "rows": sum(int(table["rows"]) for table in manifest.tables.values()),
    }


def bytes_shown(progress: Progress) -> Callable[[int], None]:
    """Show how many MiB passed, now and then."""
    passed, shown = 0, -1

    def add(size: int) -> None:
        nonlocal passed, shown
        passed += size
        if passed // (8 * _MIB) != shown:
            shown = passed // (8 * _MIB)
            progress.show(f"{passed // _MIB:,} MiB")

    return add
