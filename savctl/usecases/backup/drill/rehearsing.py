"""`backup drill`: each procedure on its own, measured; the report is kept (rules 17.5)."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace

from savctl.domain.backup.drill_report import NO_MIRROR, OK, DrilledProcedure, DrillReport
from savctl.domain.backup.manifest import new_id
from savctl.errors import SavError
from savctl.persistence.backups import records
from savctl.persistence.backups.records import BackupKind, BackupRecord, BackupState
from savctl.persistence.jobs.maintenance_lease import maintenance
from savctl.usecases.backup.drill.corruption import rehearse_corruption
from savctl.usecases.backup.drill.deletion import rehearse_deletion
from savctl.usecases.backup.drill.objects import rehearse_objects
from savctl.usecases.backup.drill.outage import rehearse_outage
from savctl.usecases.backup.drill.work import DrillWork, Procedure

FOLDER = "drills/"
PROCEDURES: tuple[tuple[str, Procedure], ...] = (
    ("corruption", rehearse_corruption),
    ("deletion", rehearse_deletion),
    ("objects", rehearse_objects),
    ("outage", rehearse_outage),
)


def run_drill(work: DrillWork, *, watch: Callable[[str], None] = lambda _: None) -> DrillReport:
    """Rehearse all four; the live database gets the row of the report and nothing else.

    Raises:
        AlreadyRunning: a backup, restore, upgrade or the archive is at work.
        Unavailable: the database went away.
    """
    backups = work.backups
    made_at = backups.clock()
    procedures = []
    with maintenance(backups.database, backups.owner):
        for name, rehearse in PROCEDURES:
            watch(name)
            procedures.append(_rehearsed(work, name, rehearse))
    report = DrillReport(id=new_id(made_at), made_at=made_at, procedures=procedures)
    _keep(work, report)
    return report


def _rehearsed(work: DrillWork, name: str, rehearse: Procedure) -> DrilledProcedure:
    started = time.monotonic()
    lost: float | None = None
    outcome = NO_MIRROR if name == "objects" and work.mirror is None else OK
    try:
        lost = rehearse(work)
    except SavError as problem:
        outcome = f"failed: {problem.message}"
    seconds = time.monotonic() - started
    return DrilledProcedure(name=name, outcome=outcome, seconds=seconds, lost_seconds=lost)


def _keep(work: DrillWork, report: DrillReport) -> None:
    content = json.dumps(report.as_json(), indent=2).encode() + b"\n"
    backups = work.backups
    record = BackupRecord(
        id=report.id,
        kind=str(BackupKind.DRILL),
        state=str(BackupState.FAILED if report.failed else BackupState.OK),
        made_at=report.made_at,
        verified_at=report.made_at,
        bytes=len(content),
        place="",
        details=json.dumps(report.as_json()),
    )
    with suppress(SavError):  # without a place for backups the row is all there is
        place = backups.place()
        with place.write(f"{FOLDER}{report.id}.json") as sink:
            sink.write(content)
        record = replace(record, place=place.name[:512])
    backups.database.transaction(lambda c: records.store(c, record))
