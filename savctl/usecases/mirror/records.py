"""What is written down of the mirror: for metrics, `doctor`, and the next run."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import replace
from datetime import datetime

from savctl.persistence.backups import records
from savctl.persistence.backups.records import BackupKind, BackupRecord, BackupState
from savctl.persistence.engine import Database
from savctl.persistence.unit_of_work import in_transaction
from savctl.usecases.batch.batches import BatchContext
from savctl.usecases.mirror.mirror import Mirror
from savctl.usecases.mirror.verifying import MirrorVerdict

ID = "mirror"


def spoiled_contents(database: Database) -> frozenset[str]:
    """The contents that reading the mirror back found spoiled, and that were not copied since."""
    with database.reading() as connection:
        record = records.find(connection, ID)
    found = _details(record).get("spoiled")
    return frozenset(map(str, found)) if isinstance(found, list) else frozenset()


def record_mirror(
    database: Database, mirror: Mirror, terms: BatchContext, *, at: datetime
) -> None:
    """Write down that the mirror is complete as of now; what a verification found stays."""
    found = terms.report.details
    with database.reading() as connection:
        before = records.find(connection, ID)
    state = BackupState(before.state) if before else BackupState.UNPROVEN
    if state is BackupState.FAILED and not found.get("spoiled"):
        state = BackupState.UNPROVEN
    record = BackupRecord(
        id=ID,
        kind=str(BackupKind.MIRROR),
        state=str(state),
        made_at=at,
        verified_at=before.verified_at if before else None,
        bytes=int(str(found.get("mirrored_bytes", 0))),
        place=mirror.place.name,
        details=json.dumps(found),
    )
    in_transaction(database, lambda uow: records.store(uow.connection, record), fence=terms.fence)


def record_verdict(database: Database, verdict: MirrorVerdict, *, at: datetime) -> None:
    """Write down what reading the mirror back found."""
    with database.reading() as connection:
        before = records.find(connection, ID)
    if before is None:
        return
    state = BackupState.FAILED if verdict.count else BackupState.OK
    details = _with_spoiled(before, (one.sha256 for one in verdict.spoiled))
    record = replace(before, state=str(state), verified_at=at, details=details)
    in_transaction(database, lambda uow: records.store(uow.connection, record))


def _details(record: BackupRecord | None) -> dict[str, object]:
    found = json.loads(record.details or "{}") if record is not None else {}
    return dict(found)


def _with_spoiled(record: BackupRecord, digests: Iterable[str]) -> str:
    return json.dumps({**_details(record), "spoiled": sorted(digests)})
