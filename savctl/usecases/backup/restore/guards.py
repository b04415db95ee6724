"""What stands before a restore: an empty target, or a live database that nobody uses."""

from __future__ import annotations

import re
import time
from collections.abc import Sequence, Set
from pathlib import Path

from savctl.errors import InvalidInput, NeedsConfirmation, Refused, SavError
from savctl.persistence.backups import embedded, schemas
from savctl.persistence.jobs import leases
from savctl.persistence.jobs.maintenance_lease import MAINTENANCE
from savctl.persistence.schema.server_info import sqlite_file
from savctl.usecases.backup.work import BackupWork
from savctl.usecases.database.schema import confirmation_word

_LEAVING_SECONDS = 2.0
_PAUSE = 0.05
_SCHEMA = re.compile(r"[A-Za-z0-9_$-]{1,64}")


def require_confirmed(work: BackupWork, confirmed: str | None) -> None:
    """Pass when the live database's own name was given.

    Raises:
        NeedsConfirmation: it was not; nothing was done.
    """
    word = confirmation_word(work.database)
    if confirmed != word:
        raise NeedsConfirmation(
            f"a restore replaces everything in {work.database.name}: not confirmed, nothing was "
            "done",
            hint=f"Add --confirm {word}, or restore beside it with --into NAME.",
            database=work.database.name,
        )


def require_unused(work: BackupWork, *, dry_run: bool, is_half_loaded: bool = False) -> None:
    """Pass when nobody else is connected, and no scheduler or job is alive.

    A dry run goes on and names what would stop the real one. Half a restore has the maintenance
    lease that every dump has held while it was made: nobody holds it.

    Raises:
        NeedsConfirmation: somebody is; nothing was done.
    """
    try:
        _require_unused(work, dry_run, {MAINTENANCE} if is_half_loaded else set())
    except NeedsConfirmation as stopping:
        if not dry_run:
            raise
        work.warn(f"the real run would stop: {stopping.message}")


def _require_unused(work: BackupWork, dry_run: bool, ignored: Set[str]) -> None:
    _require_no_lease(work, ignored)
    work.database.close()  # this process's own connections are not somebody else
    if work.database.is_sqlite:
        file = sqlite_file(work.database)
        if file is not None and file.exists() and not embedded.is_unused(file, dry_run=dry_run):
            raise _used(work, "another process has it open")
        return
    others = _others(work)
    give_up = time.monotonic() + _LEAVING_SECONDS
    while others and time.monotonic() < give_up:
        time.sleep(_PAUSE)
        others = _others(work)
    if others:
        raise _used(work, f"connected: {', '.join(others[:5])}")


def _others(work: BackupWork) -> Sequence[str]:
    """Who else is connected; a server takes a moment to notice that a client has left."""
    with work.database.reading() as connection:
        return schemas.others_connected(connection)


def require_new_schema(work: BackupWork, name: str) -> bool:
    """Pass when the schema is another one than the live one, and empty; False: it is not there.

    Raises:
        InvalidInput: no schema can have this name, or it is the live one.
        Refused: it is not empty.
    """
    if not _SCHEMA.fullmatch(name):
        raise InvalidInput(f"--into {name[:80]!r}: a name has 1 to 64 of A-Z a-z 0-9 _ $ -")
    if name == work.database.url.database:
        raise InvalidInput(
            f"--into {name}: that is the live database", hint="--in-place replaces it."
        )
    with work.database.reading() as connection:
        if not schemas.exists(connection, name):
            return False
        if schemas.has_objects(connection, name):
            raise Refused(
                f"the database {name} is not empty", hint="Name a new one.", database=name
            )
    return True


def require_new_file(work: BackupWork, name: str) -> Path:
    """Pass when there is no file of this name, or an empty one.

    Raises:
        Refused: there is one.
        InvalidInput: its folder is not there.
    """
    path = Path(name).absolute()
    if path.exists() and (not path.is_file() or path.stat().st_size):
        raise Refused(f"{path} exists and is not empty", hint="Name a new file.")
    if not path.parent.is_dir():
        raise InvalidInput(f"there is no folder {path.parent}")
    return path


def _require_no_lease(work: BackupWork, ignored: Set[str]) -> None:
    try:
        with work.database.reading() as connection:
            held = [name for name, holder in leases.held(connection) if holder.seconds_left > 0]
        held = [name for name in held if name not in ignored]
    except SavError:  # its tables are gone or damaged: that is why it is restored
        return
    if held:
        raise _used(work, f"running: {', '.join(held)}")


def _used(work: BackupWork, why: str) -> NeedsConfirmation:
    return NeedsConfirmation(
        f"{work.database.name} is in use ({why}): nothing was done",
        hint="Stop the schedulers and the service on every host, then run it again.",
        database=work.database.name,
    )
