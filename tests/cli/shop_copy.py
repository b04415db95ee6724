"""The shop of the examples, made once in a run and copied for each test (SQLite)."""

from __future__ import annotations

import shutil
import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

from savctl.persistence.engine import Database

Opening = Callable[[Database, Path], None]


class CopiedShop:
    """Opens a shop the first time, and brings a copy of it every other time.

    A copy is a moment older than the test; a database on a server is filled anew each time.

    Args:
        opening: fills an empty database, and a folder with the home of the command line in it.
        name: of the copy's folder.
    """

    def __init__(self, opening: Opening, name: str = "shop-of-the-examples") -> None:
        self._opening = opening
        self._name = name
        self._kept: Path | None = None

    def open(self, database: Database, folder: Path) -> None:
        """Fill an empty database and the folder that its file is in."""
        if not database.is_sqlite:
            self._opening(database, folder)
        elif self._kept is None:
            self._opening(database, folder)
            self._kept = self._keep(folder)
        else:
            _copy(self._kept / "savctl.db", folder / "savctl.db")
            shutil.copytree(self._kept / "folder", folder, dirs_exist_ok=True)

    def _keep(self, folder: Path) -> Path:
        kept = folder.parent / self._name  # goes with the folders of the run
        shutil.copytree(folder, kept / "folder", ignore=shutil.ignore_patterns("savctl.db*"))
        _copy(folder / "savctl.db", kept / "savctl.db")
        return kept


def _copy(source: Path, target: Path) -> None:
    """Copy a database that others have open."""
    with closing(sqlite3.connect(source)) as found, closing(sqlite3.connect(target)) as copy:
        found.backup(copy)
