"""Bucket and scanner under `doctor`.

The rights are not read but tried: one probe below `temp/`, which is taken away again. What a
policy grants, and to whom a bucket is open, often only shows so.
"""

from __future__ import annotations

import uuid
from collections.abc import Callable, Iterator, Mapping
from datetime import timedelta
from io import BytesIO
from types import MappingProxyType

from savctl.errors import SavError, SchemaMismatch
from savctl.persistence.files.attachments import newest_paths
from savctl.ports import KeyFailure, NotVersioned, ObjectStore, StoreUnavailable, UnusableKey
from savctl.ports.store_condition import StoreCondition
from savctl.usecases.database.status import status
from savctl.usecases.doctor.checks import Check, CheckLevel, CheckResult, Environment

SKEW_WARN = timedelta(seconds=5)
SKEW_ERROR = timedelta(minutes=1)
_DISK_WARN_BYTES = 2 * 1024**3
_LOOKED_AT = 5
_TEMP = "temp/"
_PROBE = b"savctl doctor"


def _bucket(environment: Environment) -> Iterator[CheckResult]:
    store = environment.store
    if store is None:
        return
    try:
        condition = store.condition()
    except StoreUnavailable:
        raise
    except SavError as problem:
        if "database" not in problem.facts:
            raise
        if isinstance(problem, SchemaMismatch):  # reported already; then no record names a file
            found = f"{store.name} is empty, and the database has no records yet"
            yield CheckResult(check="bucket", level=CheckLevel.OK, found=found)
            return
        yield CheckResult(
            check="bucket",
            level=CheckLevel.WARN,
            found=f"{store.name} is empty; only the database knows whether it should be",
            advice="Put the database right first, then run doctor again.",
        )
        return
    if not condition.is_made:
        found = f"{store.name} is made on first use"
        yield CheckResult(check="bucket", level=CheckLevel.OK, found=found)
        return
    yield CheckResult(check="bucket", level=CheckLevel.OK, found=f"{store.name} answers")
    yield from _condition_checks(condition)
    yield from _tried(store)


def _condition_checks(condition: StoreCondition) -> Iterator[CheckResult]:
    yield _versions(condition.keeps_versions)
    yield from _lifecycle(condition)
    if condition.clock_ahead is not None:
        yield _clock(condition.clock_ahead)
    if condition.free_bytes is not None and condition.free_bytes < _DISK_WARN_BYTES:
        yield CheckResult(
            check="bucket room",
            level=CheckLevel.WARN,
            found=f"{condition.free_bytes / 1024**3:.1f} GiB free",
            advice="Make room: uploads fail when the disk is full.",
        )
    if condition.open_to is None:
        yield _unknown("bucket privacy", "s3:GetBucketPolicy")
    for who in condition.open_to or ():
        yield CheckResult(
            check="bucket privacy",
            level=CheckLevel.ERROR,
            found=f"open to {who}",
            advice="Close it: customers' files are given by links that end, and by nothing else.",
        )


def _versions(keeps_versions: bool | None) -> CheckResult:
    if keeps_versions is None:
        return _unknown("bucket versions", "s3:GetBucketVersioning")
    if keeps_versions:
        return CheckResult(check="bucket versions", level=CheckLevel.OK, found="on")
    return CheckResult(
        check="bucket versions",
        level=CheckLevel.ERROR,
        found="off: what is deleted or overwritten cannot be brought back",
        advice="Enable versioning. Until then savctl hides nothing there.",
    )


def _lifecycle(condition: StoreCondition) -> Iterator[CheckResult]:
    if condition.deletes is None:
        yield _unknown("bucket lifecycle", "s3:GetLifecycleConfiguration")
    elif not condition.deletes:
        yield CheckResult(
            check="bucket lifecycle", level=CheckLevel.OK, found="deletes nothing by itself"
        )
    for rule in condition.deletes or ():
        is_temporary = rule.prefix.startswith(_TEMP)
        yield CheckResult(
            check="bucket lifecycle",
            level=CheckLevel.WARN if is_temporary else CheckLevel.ERROR,
            found=f"a rule {rule.what} below {rule.prefix or 'everything'}",
            advice="temp-cleanup does it; the rule can go."
            if is_temporary
            else "Remove the rule: files must go with their records, after savctl's own spans.",
        )


def _clock(ahead: timedelta) -> CheckResult:
    skew = abs(ahead)
    if skew <= SKEW_WARN:
        return CheckResult(
            check="bucket clock", level=CheckLevel.OK, found="this host and the bucket agree"
        )
    which = "ahead" if ahead > timedelta() else "behind"
    return CheckResult(
        check="bucket clock",
        level=CheckLevel.ERROR if skew > SKEW_ERROR else CheckLevel.WARN,
        found=f"the bucket is {skew.total_seconds():.0f} s {which}",
        advice="Set both clocks by NTP: links end early or late, and from 15 minutes on "
        "nothing is let in.",
    )


def _tried(store: ObjectStore) -> Iterator[CheckResult]:
    """Every verb on a probe of our own; nobody may read it without a key."""
    key, copy = (f"{_TEMP}doctor-{uuid.uuid4().hex}/{name}" for name in ("probe", "copy"))
    try:
        failed = _refusals(store, key, copy)
        is_public = "put" not in failed and store.is_public(key)
        failed |= _refusals_of_removal(store, key, copy)
    finally:
        _take_away(store, [key, copy])
    reasons = "; ".join(f"{', '.join(verbs)}: {why}" for why, verbs in _by_reason(failed).items())
    yield CheckResult(
        check="bucket rights",
        level=CheckLevel.ERROR if failed else CheckLevel.OK,
        found=reasons or "all that savctl needs",
        advice="Grant these rights to savctl's keys." if failed else None,
    )
    if "put" in failed:  # then there was nothing to be read
        return
    yield CheckResult(
        check="bucket privacy",
        level=CheckLevel.ERROR if is_public else CheckLevel.OK,
        found="anybody can read a file without a key" if is_public else "nobody without a key",
        advice="Take public access off the bucket, now." if is_public else None,
    )


def _newest(environment: Environment) -> Iterator[CheckResult]:
    """Whether this is the bucket of this database: the newest records' objects are in it."""
    store = environment.store
    if store is None or status(environment.database).state != "current":
        return
    with environment.database.reading() as connection:
        paths = newest_paths(connection, limit=_LOOKED_AT)
    try:
        missing = [path for path in paths if not _has(store, path)]
    except SavError:  # the check of the bucket reports it
        return
    if not paths:
        yield CheckResult(check="bucket files", level=CheckLevel.OK, found="no file is recorded")
        return
    if not missing:
        found = f"the newest {len(paths)} files exist"
        yield CheckResult(check="bucket files", level=CheckLevel.OK, found=found)
        return
    yield CheckResult(
        check="bucket files",
        level=CheckLevel.ERROR if len(missing) == len(paths) else CheckLevel.WARN,
        found=f"{len(missing)} of the newest {len(paths)} files are not in {store.name}",
        advice="Check with 'savctl config show' that this bucket and this database belong "
        "together; 'savctl attachment verify --quick' looks at all files.",
    )


def _has(store: ObjectStore, path: str) -> bool:
    try:
        return store.find(path) is not None
    except UnusableKey:
        return False


def _refusals(store: ObjectStore, key: str, copy: str) -> dict[str, str]:
    content = BytesIO(_PROBE)

    def put() -> None:
        store.put(key, content, size_bytes=len(_PROBE), content_type="text/plain")

    def read() -> None:
        with store.read(key) as pieces:
            b"".join(pieces)

    def send_parts() -> None:
        upload = store.begin_parts(key, content_type="text/plain")
        store.put_part(key, upload, 1, _PROBE)
        store.abort_parts(key, upload)

    failed = _refused({"put": put})
    verbs: dict[str, Callable[[], object]] = {
        "find": lambda: store.find(key),
        "get": read,
        "copy": lambda: store.copy(key, copy),
        "list": lambda: list(store.listing(key.rpartition("/")[0] + "/")),
        "list versions": lambda: list(store.versions(key)),
        "upload in parts": send_parts,
        "list uploads": lambda: list(store.partial_uploads(key)),
    }
    return failed or _refused(verbs)


def _refusals_of_removal(store: ObjectStore, key: str, copy: str) -> dict[str, str]:
    verbs: dict[str, Callable[[], object]] = {
        "hide": lambda: _require_none(store.hide([key])),
        "bring back": lambda: store.unhide(key),
        "purge": lambda: _require_none(store.purge([key, copy])),
    }
    return _refused(verbs)


def _refused(verbs: Mapping[str, Callable[[], object]]) -> dict[str, str]:
    """What could not be done, and why; a store that is gone ends it all."""
    failed = {}
    for verb, act in verbs.items():
        try:
            act()
        except StoreUnavailable:
            raise
        except NotVersioned:  # reported already, and no matter of rights
            continue
        except SavError as failure:
            failed[verb] = failure.message
    return failed


def _by_reason(failed: Mapping[str, str]) -> dict[str, list[str]]:
    reasons: dict[str, list[str]] = {}
    for verb, why in failed.items():
        reasons.setdefault(why, []).append(verb)
    return reasons


def _require_none(failures: list[KeyFailure]) -> None:
    for failure in failures:
        raise SavError(failure.reason)


def _take_away(store: ObjectStore, keys: list[str]) -> None:
    """What is left in spite of it, temp-cleanup removes."""
    try:
        store.purge(keys)
    except SavError:
        return


def _unknown(check: str, right: str) -> CheckResult:
    return CheckResult(
        check=check,
        level=CheckLevel.WARN,
        found="the bucket does not answer that",
        advice=f"savctl's keys should have the right to ask: {right}.",
    )


def _scanner(environment: Environment) -> Iterator[CheckResult]:
    if environment.scanner is None:
        found = "no scanner is configured: files are not scanned for malware"
        yield CheckResult(check="scanner", level=CheckLevel.OFF, found=found)
        return
    found = f"{environment.scanner.name}: {environment.scanner.check()}"
    yield CheckResult(check="scanner", level=CheckLevel.OK, found=found)


FILES: Mapping[str, Check] = MappingProxyType({"bucket": _bucket, "scanner": _scanner})
RECORDS: Mapping[str, Check] = MappingProxyType({"bucket files": _newest})
