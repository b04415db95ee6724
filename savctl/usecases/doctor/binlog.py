"""The copies of the server's binary logs under `doctor` (rules 17.2, settled 32)."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from datetime import timedelta

from savctl.domain.clock import instant, second_text
from savctl.persistence.backups import records
from savctl.persistence.backups.records import BackupKind, BackupRecord
from savctl.persistence.backups.server_logs import NoBinaryLog, grant_of, log_state, may_copy
from savctl.persistence.engine import Database
from savctl.usecases.database.status import status
from savctl.usecases.doctor.checks import Check, CheckLevel, CheckResult, Environment

_LATE = timedelta(hours=13)  # two slots were missed
_RUN = "Run 'savctl job run binlog-backup'; is a scheduler at work?"


def binlog_checks(backup_url: str | None) -> Mapping[str, Check]:
    """The check, with the setting that says where backups go."""

    def check(environment: Environment) -> Iterator[CheckResult]:
        database = environment.database
        if database.is_sqlite:
            yield _result(CheckLevel.OFF, "not for this database: SQLite writes no binary log")
        elif backup_url is None:
            yield _result(CheckLevel.OFF, "no backup_url is configured")
        elif status(database).state == "current":
            yield from _found(environment)

    return {"binlog": check}


def _found(environment: Environment) -> Iterator[CheckResult]:
    database = environment.database
    try:
        log_state(database)
    except NoBinaryLog as problem:
        found = "the server writes no binary log: what is newer than a dump cannot be recovered"
        yield _result(CheckLevel.WARN, found, problem.hint)
        return
    if not may_copy(database):
        found = "the database user may not read binary logs"
        yield _result(CheckLevel.ERROR, found, f"Let an administrator run: {grant_of(database)}")
    yield from _copied(environment, database)


def _copied(environment: Environment, database: Database) -> Iterator[CheckResult]:
    with database.reading() as connection:
        copies = records.of_kind(connection, BackupKind.BINLOG)
        dumps = records.of_kind(connection, BackupKind.DUMP)
    if not copies:
        yield _result(CheckLevel.WARN, "never copied", _RUN)
        return
    details = json.loads(copies[0].details or "{}")
    found = f"copied up to {second_text(copies[0].made_at)}, {details.get('end')}"
    is_late = copies[0].made_at < environment.clock() - _LATE
    yield _result(CheckLevel.WARN if is_late else CheckLevel.OK, found, _RUN if is_late else None)
    if details.get("gap") and not _is_bridged(details, dumps[0] if dumps else None):
        yield _result(
            CheckLevel.ERROR,
            f"gap: {details['gap']}",
            "Run 'savctl backup create': a dump behind the gap closes it.",
        )


def _is_bridged(details: Mapping[str, object], dump: BackupRecord | None) -> bool:
    """Whether a dump was made behind the gap: nothing needs to be replayed over it then."""
    gap_at = instant(details.get("gap_at"))
    return dump is not None and gap_at is not None and dump.made_at > gap_at


def _result(level: CheckLevel, found: str, advice: str | None = None) -> CheckResult:
    return CheckResult(check="binlog", level=level, found=found, advice=advice)
