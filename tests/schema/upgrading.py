"""A host of its own: `python -m tests.schema.upgrading URL upgrade|adopt [KILL_AFTER]`.

Prints whether it changed something. With KILL_AFTER it ends itself with SIGKILL right after that
many statements that write or change the schema.
"""

from __future__ import annotations

import os
import re
import signal
import sys
from typing import Any

from sqlalchemy import event

from savctl.persistence.engine import Database
from savctl.persistence.schema import lock, migration_watch
from savctl.usecases.database import schema as use_cases

LEASE_SECONDS = 1  # a dead host's lease; a minute outside of tests
_CHANGES = re.compile(r"\s*(CREATE|ALTER|DROP|INSERT|UPDATE|DELETE)\b", re.IGNORECASE)


def main(url: str, command: str, kill_after: int | None) -> None:
    """Do what a host does, up to the given statement."""
    lock.LEASE_SECONDS = LEASE_SECONDS
    migration_watch.FIRST_SECONDS = 0.2
    database = Database(url)
    if kill_after is not None:
        _die_after(database, kill_after)
    owner = f"host:{os.getpid()}"
    if command == "upgrade":
        changed = use_cases.upgrade(database, owner=owner, notify=_note).changed
    else:
        changed = use_cases.adopt(database, owner=owner).migration.changed
    sys.stdout.write(f"{changed}\n")


def _note(line: str) -> None:
    sys.stderr.write(f"{line}\n")
    sys.stderr.flush()


def _die_after(database: Database, statements: int) -> None:
    left = statements

    def count(*given: Any) -> None:
        nonlocal left
        if _CHANGES.match(given[2]):
            left -= 1
            if left <= 0:
                os.kill(os.getpid(), signal.SIGKILL)

    event.listen(database.engine, "after_cursor_execute", count)


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2], int(sys.argv[3]) if len(sys.argv) > 3 else None)
