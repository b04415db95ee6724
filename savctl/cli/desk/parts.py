"""What reads the desk with the parts of this call."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from savctl.bootstrap import App
from savctl.persistence.connections.waits import Waits
from savctl.persistence.engine import Database
from savctl.scheduling.desk.parts import desk_parts
from savctl.usecases.desk.reader import DeskReader

# Whoever looks on waits for nobody; a count over a million rows may take a few seconds.
_WAITS = Waits(lock_wait_seconds=2, table_wait_seconds=2, statement_seconds=20, connect_seconds=3)


@contextmanager
def desk_reader(app: App) -> Iterator[DeskReader]:
    """What reads the desk, on a connection of its own that is closed at the end."""
    own: list[Database] = []

    def database() -> Database:
        if not own:
            own.append(app.database.waiting(_WAITS))
        return own[0]

    try:
        yield DeskReader(database, app.clock, desk_parts(app))
    finally:
        for each in own:
            each.close()
