"""The mirror of the bucket under `doctor`: its age, what reading it back found, its place."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import timedelta
from types import MappingProxyType

from savctl.domain.clock import second_text
from savctl.domain.text import plural
from savctl.persistence.backups import records
from savctl.persistence.backups.records import BackupRecord, BackupState
from savctl.ports import ObjectStore
from savctl.usecases.database.status import status
from savctl.usecases.doctor.checks import Check, CheckLevel, CheckResult, Environment
from savctl.usecases.mirror.mirror import Mirror
from savctl.usecases.mirror.records import ID

STALE = timedelta(days=8)  # it runs every Sunday
_RUN = "Run 'savctl job run bucket-mirror'."


def _mirror(environment: Environment) -> Iterator[CheckResult]:
    mirror = environment.mirror
    if mirror is None:
        found = "no mirror of the bucket is configured"
        yield CheckResult(check="mirror", level=CheckLevel.OFF, found=found)
        return
    pieces = plural(sum(1 for _ in mirror.place.names("index/")), "piece")
    found = f"{mirror.place.name} answers; its index has {pieces}"
    yield CheckResult(check="mirror", level=CheckLevel.OK, found=found)
    if environment.store is not None and _is_beside(mirror, environment.store):
        yield CheckResult(
            check="mirror",
            level=CheckLevel.WARN,
            found="the mirror lies where the files themselves lie",
            advice="Set mirror_url to another bucket or disk: both would be lost together.",
        )
    for place in environment.unmirrored:
        yield CheckResult(
            check="mirror",
            level=CheckLevel.WARN,
            found=f"the archive in {place} is not mirrored: the mirror copies the files' bucket",
            advice="Leave archive_url out, or copy that place by its own means.",
        )
    if status(environment.database).state == "current":
        with environment.database.reading() as connection:
            yield from _run_of(records.find(connection, ID), environment)


def _run_of(last: BackupRecord | None, environment: Environment) -> Iterator[CheckResult]:
    if last is None:
        yield CheckResult(
            check="mirror", level=CheckLevel.WARN, found="it was never completed", advice=_RUN
        )
        return
    age = environment.clock() - last.made_at
    yield CheckResult(
        check="mirror",
        level=CheckLevel.WARN if age > STALE else CheckLevel.OK,
        found=f"completed {second_text(last.made_at)}",
        advice=_RUN if age > STALE else None,
    )
    if last.state == BackupState.FAILED:
        yield CheckResult(
            check="mirror",
            level=CheckLevel.ERROR,
            found="reading it back found spoiled objects",
            advice="Run 'savctl backup mirror': it copies those again that the bucket still has; "
            "then 'savctl backup mirror --verify'.",
        )


def _is_beside(mirror: Mirror, store: ObjectStore) -> bool:
    named = (f"the bucket {store.name}", f"the folder {store.name}")
    return mirror.place.name.startswith(named)


MIRROR: Mapping[str, Check] = MappingProxyType({"mirror": _mirror})
