"""A host of its own that upgrades or adopts a database; it prints whether it changed something."""

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
    """Do what a host does.

    Args:
        command: `upgrade` or `adopt`.
        kill_after: end with SIGKILL right after so many statements that write or change tables.
    """
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
