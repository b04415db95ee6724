"""Where a demo lives: a SQLite file of its own, made beside the old one and put in its place.

A database that is not marked as a demo is never written and never replaced.
"""

from __future__ import annotations

import shutil
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from savctl.errors import ConfigurationError, Refused
from savctl.persistence.engine import Database
from savctl.persistence.schema import demo_marker
from savctl.private_files import make_private_folder

FILE = "savctl.db"
_BESIDE = ("-wal", "-shm")
_MAKING = ".making-"
_ABANDONED_SECONDS = 86_400


@contextmanager
def fresh_file(home: Path) -> Iterator[Path]:
    """A path for a new database; when the block ends well, it stands in the home as savctl.db.

    Raises:
        Refused: the home holds a database that is no demo.
    """
    final = home / FILE
    _require_demo(final)
    try:
        make_private_folder(home)
        _sweep(home)
        making = Path(tempfile.mkdtemp(prefix=_MAKING, dir=home))
    except OSError as problem:
        raise ConfigurationError(
            f"cannot make the demo's folder {home}: {problem.strerror}",
            hint="Name another one: --home DIR.",
        ) from problem
    try:
        yield making / FILE
        for ending in _BESIDE:
            Path(f"{final}{ending}").unlink(missing_ok=True)
        (making / FILE).replace(final)
    finally:
        shutil.rmtree(making, ignore_errors=True)


def _sweep(home: Path) -> None:
    """Remove what demos that were killed long ago left half made."""
    for left in home.glob(f"{_MAKING}*"):
        if time.time() - left.stat().st_mtime > _ABANDONED_SECONDS:
            shutil.rmtree(left, ignore_errors=True)


def work_in(home: Path) -> int:
    """How many changes somebody made in the demo of this home.

    Raises:
        Refused: the home holds a database that is no demo.
    """
    return _require_demo(home / FILE)


def _require_demo(path: Path) -> int:
    if not path.exists():
        return 0
    database = Database(f"sqlite:///{path}")
    with database.reading() as connection:
        story = demo_marker.story_of(connection)
        work = demo_marker.work_since(connection) if story is not None else 0
    database.close()
    if story is None:
        raise Refused(
            f"{path} is not a demo database: it is left alone",
            hint="Give the demo a folder of its own: --home DIR.",
        )
    return work
