"""A plan: what orphan-cleanup would hide, as JSON lines that a person can read and shorten.

The first line has the bucket, the database and the counts; each other one is an
object. A line that is taken out is not hidden. Carrying it out believes nothing: every key is
asked for, looked at and judged again.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import chain, islice
from pathlib import Path

from savctl.domain.clock import micro_text, second_text
from savctl.domain.files.object_keys import Shape, shape_of
from savctl.domain.files.orphans import Brake, BucketMismatch
from savctl.errors import InvalidInput
from savctl.persistence.files.file_references import highest_ids
from savctl.usecases.batch.json_lines import json_line, json_object, read_lines, write_lines
from savctl.usecases.batch.report import LISTED, Item, ItemOutcome
from savctl.usecases.bucket.bucket_scan import Census, UnreferencedObject, compared
from savctl.usecases.bucket.hiding import Hiding, hide_all
from savctl.usecases.bucket.orphans import KIND, require_brake_off
from savctl.usecases.bucket.resume import settle

_VERSION = 1


def write_plan(work: Hiding, path: Path, *, overwrite: bool = False) -> None:
    """Write down what would be hidden; nothing is.

    Raises:
        NeedsConfirmation: the file exists, and `overwrite` does not replace it.
        InvalidInput: it cannot be written.
        Unavailable: bucket or database went away; there is no file.
    """
    now = work.clock()
    with compared(
        work.database,
        work.store,
        now=now,
        grace=work.grace,
        should_stop=work.terms.should_stop,
    ) as found:
        if found is None:
            work.terms.report.left = 1
            return
        first = {
            "plan": KIND,
            "version": _VERSION,
            "made_at": second_text(now),
            "bucket": work.store.name,
            "database": work.database.name,
            **found.census.as_json(),
        }
        _write(path, first, found.orphans(), overwrite=overwrite)
        report = work.terms.report
        report.seen, report.details = found.census.objects, found.census.as_json()
        listed = islice(found.orphans(), LISTED)
        place = f"in the plan {path}"
        report.add((Item(one.key, None, ItemOutcome.CHANGED, place) for one in listed), seen=0)
        report.changed = found.census.found[BucketMismatch.ORPHAN]


def carry_out_plan(work: Hiding, path: Path, *, brake: Brake | None) -> None:
    """Hide what is in the plan, as far as it is still orphaned.

    Raises:
        InvalidInput: it is no plan, damaged, or one for another bucket or database.
        NeedsConfirmation: the brake; nothing was hidden.
    """
    first, count = _checked(work, path)
    census = Census(objects=first.objects, records=any(highest_ids(work.database)))
    census.found[BucketMismatch.ORPHAN] = count
    require_brake_off(census, brake, work.terms)
    if not work.terms.dry_run:
        settle(work)
    work.terms.report.seen = count
    hidden = hide_all(work, _planned(path), total=count)
    work.terms.report.details = {"hidden": hidden.objects, "hidden_bytes": hidden.bytes}


@dataclass(frozen=True, slots=True)
class _First:
    bucket: str
    database: str
    objects: int


def _write(
    path: Path,
    first: dict[str, object],
    orphans: Iterator[UnreferencedObject],
    *,
    overwrite: bool,
) -> None:
    rows = (
        {
            "key": one.key,
            "size_bytes": one.size_bytes,
            "modified_at": micro_text(one.modified_at),
        }
        for one in orphans
    )
    write_lines(path, map(json_line, chain((first,), rows)), overwrite=overwrite)


def _checked(work: Hiding, path: Path) -> tuple[_First, int]:
    """Read it through once, before anything is done; answers how many objects it names."""
    lines = _lines(path)
    first = _first(next(lines, None), path)
    for name, planned, here in (
        ("bucket", first.bucket, work.store.name),
        ("database", first.database, work.database.name),
    ):
        if planned != here:
            raise InvalidInput(f"the plan {path} is for the {name} {planned}, not for {here}")
    return first, sum(1 for _ in map(_candidate, lines))


def _planned(path: Path) -> Iterator[UnreferencedObject]:
    lines = _lines(path)
    next(lines)
    return map(_candidate, lines)


def _lines(path: Path) -> Iterator[tuple[str, dict[str, object]]]:
    """Each line with its place, for messages."""
    return ((place, json_object(raw, place)) for place, raw in read_lines(path))


def _first(line: tuple[str, dict[str, object]] | None, path: Path) -> _First:
    match line:
        case (
            _,
            {
                "plan": "orphan-cleanup",
                "version": 1,
                "bucket": str(bucket),
                "database": str(database),
                "objects": int(objects),
            },
        ):
            return _First(bucket, database, objects)
    raise InvalidInput(
        f"{path} is not a plan of {KIND}", hint=f"savctl job run {KIND} --plan-out FILE makes one."
    )


def _candidate(line: tuple[str, dict[str, object]]) -> UnreferencedObject:
    match line:
        case (_, {"key": str(key), "size_bytes": int(size), "modified_at": str(at)}):
            modified_at = _instant(at)
            if modified_at is not None and shape_of(key) in {Shape.TICKET, Shape.UPLOAD}:
                return UnreferencedObject(key, size, modified_at)
    raise InvalidInput(f"{line[0]} names no object that can be an orphan")


def _instant(text: str) -> datetime | None:
    try:
        return datetime.fromisoformat(text).astimezone(UTC)
    except (ValueError, OverflowError):
        return None
