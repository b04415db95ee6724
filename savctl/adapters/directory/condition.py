"""The condition of a folder of files; nothing is made."""

from __future__ import annotations

import shutil
import stat
from pathlib import Path

from savctl.ports.store_condition import StoreCondition

INDEX = "index.db"
_OTHERS = stat.S_IRWXG | stat.S_IRWXO


def condition_of(folder: Path) -> StoreCondition:
    """The state of the folder; of one that is not there, the room where it would be."""
    is_made = folder.is_dir()
    there = next(path for path in (folder, *folder.parents) if path.exists())
    if not there.is_dir():
        raise NotADirectoryError
    mode = stat.S_IMODE(folder.stat().st_mode) if is_made else 0
    return StoreCondition(
        is_made=is_made,
        keeps_versions=True,
        open_to=(f"other users of this host (mode {mode:04o})",) if mode & _OTHERS else (),
        deletes=(),
        free_bytes=shutil.disk_usage(there).free,
    )
