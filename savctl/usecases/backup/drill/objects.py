"""Lost files: objects come back from the mirror, into a bucket of their own."""

from __future__ import annotations

import tempfile
from contextlib import closing
from pathlib import Path

from savctl.persistence.backups import records
from savctl.persistence.files.attachments import Attachment, newest_before
from savctl.ports import ObjectStore
from savctl.usecases.backup.drill.work import DrillFailed, DrillWork
from savctl.usecases.mirror.mirror import Mirror
from savctl.usecases.mirror.records import ID
from savctl.usecases.mirror.restoring import KeyFate, restore_from_mirror

_TRIED = 50  # files


def rehearse_objects(work: DrillWork) -> float | None:
    """Restore the newest files that the last run of the mirror could have; answers what is lost.

    Raises:
        SavError: the mirror was never completed, or a file is not what it was.
    """
    mirror = work.mirror
    if mirror is None:
        return None
    database = work.backups.database
    with database.reading() as connection:
        last = records.find(connection, ID)
        if last is None:
            raise DrillFailed("the mirror was never completed")
        files = newest_before(connection, last.made_at, limit=_TRIED)
    with (
        tempfile.TemporaryDirectory(prefix="savctl-drill-") as folder,
        closing(work.new_store(Path(folder))) as store,
    ):
        _restore(mirror, store, files)
    return (work.backups.clock() - last.made_at).total_seconds()


def _restore(mirror: Mirror, store: ObjectStore, files: list[Attachment]) -> None:
    digests = {one.file_path: one.sha256 for one in files if one.sha256 is not None}
    keys = dict.fromkeys(one.file_path for one in files)
    found = restore_from_mirror(mirror, store, keys, digests=digests)
    wrong = [one for one in found if one.fate is not KeyFate.RESTORED]
    if wrong:
        raise DrillFailed(
            f"{len(wrong)} of {len(found)} files were not restored, the first is {wrong[0].fate}"
        )
    _require_sizes(store, files)


def _require_sizes(store: ObjectStore, files: list[Attachment]) -> None:
    for file in files:
        found = store.find(file.file_path)
        if found is None or found.size_bytes != file.file_size:
            raise DrillFailed(f"attachment {file.id} was restored with another size")
