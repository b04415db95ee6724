"""What stood in the live database before a restore replaces it (rules 17.4).

A backup of it is made first and kept, so that a restore that fails or is killed in the middle
costs nothing. What only that database knows, erasures and events, is read from there by a second
run: the live one is half a copy by then.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from savctl.domain.backup.manifest import Manifest
from savctl.errors import SavError, Unavailable
from savctl.persistence.backups import embedded, restored, schemas
from savctl.persistence.backups.restored import ReplacedDatabase
from savctl.persistence.schema.server_info import sqlite_file
from savctl.usecases.backup import catalog
from savctl.usecases.backup.creating import create_backup
from savctl.usecases.backup.restore.unfinished import UnfinishedRestore
from savctl.usecases.backup.scratch import scratch_copy
from savctl.usecases.backup.work import BackupWork


class CannotKeepBefore(Unavailable):
    """What the database holds could not be backed up; nothing was changed."""

    code = "cannot_back_up_before"


class CannotAskBefore(Unavailable):
    """What only the replaced database knew cannot be had; nothing was changed."""

    code = "cannot_ask_before"


@dataclass(frozen=True, slots=True, kw_only=True)
class KeptBefore:
    """The backup of what was there, and what that database knows; None where there was nothing."""

    manifest: Manifest | None
    known: ReplacedDatabase | None


def keep_before(work: BackupWork, known: ReplacedDatabase | None, *, discards: bool) -> KeptBefore:
    """Back up what the live database holds; an empty one needs none.

    Raises:
        CannotKeepBefore: it cannot be backed up, and it was not said to discard it.
    """
    if discards or not _holds_something(work):
        return KeptBefore(manifest=None, known=known)
    try:
        made = create_backup(work)
    except SavError as problem:
        raise CannotKeepBefore(
            f"what {work.database.name} holds could not be backed up, so nothing was replaced: "
            f"{problem.message}",
            hint="Mend that, or add --discard to replace it without a backup of it.",
        ) from problem
    return KeptBefore(manifest=made, known=known)


def kept_by(
    work: BackupWork,
    unfinished: UnfinishedRestore,
    wanted: Manifest,
    now_known: ReplacedDatabase | None,
    *,
    discards: bool,
) -> KeptBefore:
    """What a restore that did not end had kept; its database is asked in a scratch copy.

    The live one is backed up as well where that is possible: it may have lived on since.

    Raises:
        CannotAskBefore: the backup of what was there cannot be read, and it was not said to do
            without what it knows; nothing was changed.
    """
    try:
        keep_before(work, now_known, discards=False)
    except CannotKeepBefore:
        work.warn("the present content is half a restore and cannot be backed up")
    if unfinished.before is None:
        return KeptBefore(manifest=None, known=now_known)
    try:
        manifest = catalog.find(work.place(), unfinished.before)
        before = _asked(work, manifest, wanted)
    except SavError as problem:
        if discards:
            return KeptBefore(manifest=None, known=now_known)
        raise CannotAskBefore(
            f"the backup {unfinished.before} of the content before cannot be asked who was erased "
            f"and which events were sent: {problem.message}",
            hint="It is loaded into a schema savctl_restore_…: deploy/sql/grants.sql has the "
            "privileges. --discard continues without: erased persons may be back.",
        ) from problem
    known = now_known if before is None else _joined(before, now_known)
    return KeptBefore(manifest=manifest, known=known)


def _asked(work: BackupWork, manifest: Manifest, wanted: Manifest) -> ReplacedDatabase | None:
    """What the database of a backup knows; None where it has no tables of savctl's."""
    with scratch_copy(work, manifest) as copy, copy.reading() as connection:
        if not restored.knows_persons(connection):
            return None
        return restored.known_of(connection, since=wanted.made_at)


def _joined(before: ReplacedDatabase, now: ReplacedDatabase | None) -> ReplacedDatabase:
    """What either knows; which events wait is known by the one before alone.

    Half a restore has events as waiting that were sent since its backup, and cleaned up.
    """
    if now is None:
        return before
    persons = {row["person"] for row in before.suppressions}
    more = tuple(row for row in now.suppressions if row["person"] not in persons)
    return replace(
        before,
        suppressions=before.suppressions + more,
        erasure_key=before.erasure_key or now.erasure_key,
        sent={**now.sent, **before.sent},
    )


def _holds_something(work: BackupWork) -> bool:
    file = sqlite_file(work.database)
    if file is not None:
        return embedded.has_objects(file)
    with work.database.reading() as connection:
        return schemas.has_objects(connection, str(work.database.url.database))
