"""The database under `doctor`: schema, time, modes, privileges, an embedded one's file."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator, Mapping
from datetime import timedelta
from pathlib import Path
from types import MappingProxyType

from savctl.persistence.clock_guard import ClockGuard
from savctl.persistence.schema import privilege_checks, server_info
from savctl.private_files import is_open_to_others
from savctl.usecases.database.status import errors_among, status, verify
from savctl.usecases.doctor.checks import Check, CheckLevel, CheckResult, Environment
from savctl.usecases.doctor.indexes import check_indexes

SKEW_WARN = timedelta(seconds=1)
_OLDEST = {"mariadb": (10, 6), "mysql": (8, 0)}  # SKIP LOCKED came with them
_PACKET_BYTES = 16 * 1024**2
_DISK_ERROR_BYTES = 200 * 1024**2
_DISK_WARN_BYTES = 2 * 1024**3
_UTC_ZONES = frozenset({"+00:00", "UTC", "Etc/UTC", "GMT"})
_STRICT = ("STRICT_TRANS_TABLES", "STRICT_ALL_TABLES", "TRADITIONAL")


def _schema(environment: Environment) -> Iterator[CheckResult]:
    found = status(environment.database)
    versions = f"{found.current or 'none'}, this savctl needs {found.head}"
    advice = {
        "behind": "savctl db upgrade",
        "newer": "Install the savctl that upgraded it, or a newer one.",
        "missing": "New database: savctl db upgrade.",
        "foreign": "savctl db adopt takes over the service's database.",
    }.get(found.state)
    if found.fits and advice is not None:
        advice = "It works; install the release of the other hosts."
        yield CheckResult(check="schema", level=CheckLevel.WARN, found=versions, advice=advice)
        return
    if advice is not None:
        yield CheckResult(check="schema", level=CheckLevel.ERROR, found=versions, advice=advice)
        return
    yield CheckResult(
        check="schema", level=CheckLevel.OK, found=f"{found.current}, tables {found.tables}"
    )
    differences = verify(environment.database)
    errors = errors_among(differences)
    for error in errors:
        yield CheckResult(
            check="tables", level=CheckLevel.ERROR, found=error.as_line(), advice=error.repair
        )
    if not errors:
        tolerated = f"as specified, {len(differences)} tolerated differences"
        yield CheckResult(check="tables", level=CheckLevel.OK, found=tolerated)


def _version(environment: Environment) -> Iterator[CheckResult]:
    with environment.database.reading() as connection:
        server = server_info.server_of(connection)
    oldest = _OLDEST.get(server.family)
    if oldest is not None and server.number < oldest:
        yield CheckResult(
            check="version",
            level=CheckLevel.ERROR,
            found=f"{server.family} {server.version}",
            advice=f"savctl needs {server.family} {'.'.join(map(str, oldest))} or newer.",
        )


def _time_zone(environment: Environment) -> Iterator[CheckResult]:
    error = privilege_checks.stored_time_error(environment.database)
    if error:
        yield CheckResult(
            check="time zone",
            level=CheckLevel.ERROR,
            found=f"a time that is written is read {error:+.0f} s off",
            advice="The session's zone must be +00:00; is a proxy in between that resets it?",
        )
    elif environment.database.is_sqlite:
        yield CheckResult(
            check="time zone", level=CheckLevel.OK, found="times are read as written, in UTC"
        )
    if environment.database.is_sqlite:
        return
    with environment.database.reading() as connection:
        ours = server_info.variables(connection)
        theirs = server_info.variables(connection, of_all_sessions=True)
    zone = theirs["time_zone"]
    named = f"SYSTEM ({theirs['system_time_zone']})" if zone == "SYSTEM" else zone
    is_utc = (theirs["system_time_zone"] if zone == "SYSTEM" else zone) in _UTC_ZONES
    yield CheckResult(
        check="time zone",
        level=CheckLevel.OK if is_utc else CheckLevel.WARN,
        found=f"session {ours['time_zone']}, other programs by default {named}",
        advice=None
        if is_utc
        else "Does the service set its own zone? Otherwise its times, as "
        "stored, are off by the difference: compare a known ticket's created_at.",
    )


def _clock(environment: Environment) -> Iterator[CheckResult]:
    """Only what lies outside of the round trip is a difference."""
    guard = ClockGuard(host_clock=environment.host_clock, database=environment.database.name)
    with environment.database.reading() as connection:
        skew = guard.skew(connection)
    if abs(skew) <= SKEW_WARN:
        yield CheckResult(
            check="clock", level=CheckLevel.OK, found="this host and the database agree"
        )
        return
    side = "ahead" if skew < timedelta() else "behind"
    is_refused = abs(skew) > environment.clock_skew_limit
    advice = "Set both clocks by NTP: SLA clocks and the history's order depend on them."
    refused = "Jobs and commands that store something are refused here (exit 8). "
    yield CheckResult(
        check="clock",
        level=CheckLevel.ERROR if is_refused else CheckLevel.WARN,
        found=f"the database is {abs(skew).total_seconds():.1f} s {side}",
        advice=refused + advice if is_refused else advice,
    )


def _modes(environment: Environment) -> Iterator[CheckResult]:
    if environment.database.is_sqlite:
        return
    with environment.database.reading() as connection:
        values = server_info.variables(connection)
    is_strict = any(mode in values["sql_mode"] for mode in _STRICT)
    yield _sign(
        "sql_mode",
        is_strict,
        "strict" if is_strict else f"not strict: {values['sql_mode'] or 'empty'}",
        "Set STRICT_TRANS_TABLES: without it values are cut to fit, without any error.",
    )
    charset = values["character_set_connection"]
    yield _sign("characters", charset == "utf8mb4", charset, "The connection must be utf8mb4.")
    level = server_info.isolation(values)
    yield _sign(
        "isolation", level == "READ-COMMITTED", level, "savctl sets READ COMMITTED; who resets it?"
    )
    by_statement = values["log_bin"] == "ON" and values["binlog_format"] == "STATEMENT"
    if by_statement:
        advice = "Set binlog_format to ROW or MIXED: with STATEMENT, no change can be written."
        yield _sign("binlog_format", False, "STATEMENT", advice)
    packet = int(values["max_allowed_packet"])
    if packet < _PACKET_BYTES:
        yield CheckResult(
            check="max_allowed_packet",
            level=CheckLevel.WARN,
            found=f"{packet // 1024} KiB",
            advice="Set at least 16M, or lower the setting batch_size.",
        )


def _privileges(environment: Environment) -> Iterator[CheckResult]:
    if not _has_tables(environment):
        return
    is_current = status(environment.database).state == "current"
    denied = privilege_checks.denied(environment.database, with_own=is_current)
    missing = ", ".join(denied)
    found = f"missing: {missing}" if denied else "all that savctl needs"
    yield _sign("privileges", not denied, found, "GRANT what is missing to savctl's user.")


def _file(environment: Environment) -> Iterator[CheckResult]:
    file = server_info.sqlite_file(environment.database)
    if file is None:
        return
    folder = file.absolute().parent
    unwritable = [str(path) for path in (file, folder) if not os.access(path, os.W_OK)]
    size = f"{file}, {file.stat().st_size / 1024**2:.1f} MiB"
    found = f"not writable: {', '.join(unwritable)}" if unwritable else size
    yield _sign("file", not unwritable, found, "Give yourself write access; the folder, too.")
    if is_open_to_others(file):  # made by an older savctl, or by hand
        yield CheckResult(
            check="file mode",
            level=CheckLevel.WARN,
            found=f"others may read {file}, which holds customers' data",
            advice=f"chmod 600 {file}* closes it.",
        )
    with environment.database.reading() as connection:
        mode = str(server_info.pragma(connection, "journal_mode"))
    if mode != "wal":
        yield CheckResult(
            check="journal",
            level=CheckLevel.WARN,
            found=mode,
            advice="Without WAL readers and writers wait for each other; is it a network disk?",
        )
    yield _disk(folder)


def _has_tables(environment: Environment) -> bool:
    return status(environment.database).state != "missing"


def _disk(folder: Path) -> CheckResult:
    free = shutil.disk_usage(folder).free
    level = CheckLevel.OK
    if free < _DISK_WARN_BYTES:
        level = CheckLevel.ERROR if free < _DISK_ERROR_BYTES else CheckLevel.WARN
    return CheckResult(
        check="disk",
        level=level,
        found=f"{free / 1024**3:.1f} GiB free",
        advice=None if level is CheckLevel.OK else f"Make room on the disk of {folder}.",
    )


def _sign(check: str, is_well: bool, found: str, advice: str) -> CheckResult:
    if is_well:
        return CheckResult(check=check, level=CheckLevel.OK, found=found)
    return CheckResult(check=check, level=CheckLevel.ERROR, found=found, advice=advice)


DATABASE: Mapping[str, Check] = MappingProxyType(
    {
        "version": _version,
        "schema": _schema,
        "time zone": _time_zone,
        "clock": _clock,
        "modes": _modes,
        "privileges": _privileges,
        "indexes": check_indexes,
        "file": _file,
    }
)
