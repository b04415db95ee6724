"""`backup verify`: digests and decryption, and with a restore test the proof (rules 17.3)."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from savctl.domain.backup.manifest import FAILED, OK, Manifest
from savctl.domain.backup.sealing import SpoiledFile
from savctl.errors import SavError
from savctl.persistence.engine import Database
from savctl.persistence.jobs.maintenance_lease import maintenance
from savctl.persistence.schema import versions
from savctl.usecases.backup import catalog
from savctl.usecases.backup.dumps import measured
from savctl.usecases.backup.reading import ignore_size, pour_backup
from savctl.usecases.backup.scratch import scratch_copy
from savctl.usecases.backup.work import BackupWork
from savctl.usecases.database.integrity import CheckOptions, check_integrity


@dataclass(slots=True, kw_only=True)
class BackupVerdict:
    """What a verification found; `broken` are invariants that `db check` found broken in it."""

    manifest: Manifest
    is_restored: bool = False
    problems: list[str] = field(default_factory=list)
    broken: Sequence[str] = ()


def verify_backup(
    work: BackupWork,
    backup_id: str,
    *,
    restore_test: bool,
    dry_run: bool = False,
    progress: Callable[[int], None] = ignore_size,
) -> BackupVerdict:
    """Read a backup to its end; with `restore_test` restore it, and compare every table.

    What was found is written to the manifest and to the table of backups.

    Raises:
        NoSuchBackup: there is none of this id.
        KeyMissing: the key that sealed it is not configured: nothing is known of it.
        Unavailable: place, client or database went away: nothing is known of it.
    """
    manifest = catalog.find(work.place(), backup_id)
    verdict = BackupVerdict(manifest=manifest)
    try:
        if restore_test and not dry_run:
            with (
                maintenance(work.database, work.owner),
                scratch_copy(work, manifest, progress=progress) as copy,
            ):
                _compare(work, copy, verdict)
            verdict.is_restored = True
        else:
            pour_backup(work, manifest, progress=progress)
    except SpoiledFile as problem:
        verdict.problems.append(problem.message)
    if not dry_run and (verdict.problems or verdict.is_restored):
        state = FAILED if verdict.problems else OK
        verdict.manifest = manifest.judged(state, work.clock())
        catalog.write(work, verdict.manifest)
    return verdict


def _compare(work: BackupWork, copy: Database, verdict: BackupVerdict) -> None:
    client = None if copy.is_sqlite else work.client
    with measured(copy, client) as content:
        verdict.problems += differences(verdict.manifest.tables, content.tables)
    if verdict.manifest.schema_revision != versions.HEAD:
        work.warn(
            f"the backup has schema {verdict.manifest.schema_revision}: 'db check' was left out"
        )
        return
    try:
        report = check_integrity(copy, work.clock, terms=CheckOptions())
    except SavError as problem:
        verdict.problems.append(f"db check failed: {problem.message}")
        return
    verdict.broken = [f.invariant.id for f in report.ordered() if f.is_open]


def differences(
    expected: Mapping[str, Mapping[str, object]], found: Mapping[str, Mapping[str, object]]
) -> list[str]:
    """How the tables of a restored database differ from those of the manifest."""
    texts = [f"the table {name} is missing" for name in expected if name not in found]
    texts += [f"the table {name} is not in the manifest" for name in found if name not in expected]
    for name, table in expected.items():
        other = found.get(name)
        if other is None:
            continue
        if table["rows"] != other["rows"]:
            texts.append(f"the table {name} has {other['rows']} rows, not {table['rows']}")
        elif table["checksum"] != other["checksum"]:
            texts.append(f"the rows of the table {name} are not those of the manifest")
    return texts
