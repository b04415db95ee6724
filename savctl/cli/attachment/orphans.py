"""`savctl attachment orphans`."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Annotated

import typer

from savctl.cli.attachment import group
from savctl.cli.framework.choices import one_of
from savctl.cli.framework.command import command
from savctl.cli.framework.context import CommandContext
from savctl.cli.framework.output import Answer, Row
from savctl.domain.files.orphans import BucketMismatch
from savctl.domain.text import plural
from savctl.errors import NotFound

if TYPE_CHECKING:
    from savctl.usecases.bucket.bucket_scan import Compared

_COLUMNS = ("key", "finding", "size_bytes", "modified_at", "attachment_id", "ticket_id", "detail")
_ALL = "all"


@command(
    group,
    "orphans",
    examples=[
        "savctl attachment orphans",
        "savctl attachment orphans --only missing -o csv",
    ],
)
def orphans(
    call: CommandContext,
    only: Annotated[
        str,
        typer.Option("--only", metavar="FINDING", help=f"{', '.join(BucketMismatch)}; or {_ALL}."),
    ] = _ALL,
    last: Annotated[
        bool, typer.Option("--last", help="Show the numbers of the last cleanup; compare nothing.")
    ] = False,
) -> Answer:
    """Compare bucket and database, in both directions.

    Nothing is changed.

    An orphan is an object that no record names: orphan-cleanup hides it. Other findings are
    left alone by every job.
    """
    wanted = (
        frozenset(BucketMismatch)
        if (name := one_of("only", only, (*BucketMismatch, _ALL))) == _ALL
        else (frozenset({BucketMismatch(name)}))
    )
    if last:
        return _last(call)
    return Answer(rows=_rows(call, wanted), columns=_COLUMNS, fields=_COLUMNS, key="key")


def _last(call: CommandContext) -> Answer:
    from savctl.usecases.bucket.orphans import last_cleanup

    report = last_cleanup(call.database)
    if report is None:
        raise NotFound("no cleanup has run yet", hint="savctl job run orphan-cleanup --dry-run")
    return Answer(rows=[report], is_one=True, as_record=True, key="made_at")


def _rows(call: CommandContext, wanted: frozenset[BucketMismatch]) -> Iterator[Row]:
    """Row by row, so that a million findings need no memory."""
    from savctl.usecases.bucket.bucket_scan import compared

    with compared(
        call.database, call.app.store, now=call.clock(), grace=call.settings.orphan_grace
    ) as found:
        if found is None:
            return
        yield from (row for row in _findings(found) if row["finding"] in wanted)
        census = found.census
        shown = ", ".join(f"{census.found[one]} {one}" for one in BucketMismatch)
        call.note(
            f"{plural(census.objects, 'object')}, {plural(census.records, 'record')}: {shown}"
        )


def _findings(found: Compared) -> Iterator[Row]:
    from savctl.usecases.bucket.bucket_scan import finding_of
    from savctl.usecases.bucket.orphans import mismatch_text

    for one in found.unnamed():
        yield {
            "key": one.key,
            "finding": str(one.finding),
            "size_bytes": one.size_bytes,
            "modified_at": one.modified_at,
            "attachment_id": None,
            "ticket_id": None,
            "detail": None,
        }
    for record in found.mismatches():
        yield {
            "key": record.key,
            "finding": str(finding_of(record)),
            "size_bytes": record.size_bytes,
            "modified_at": None,
            "attachment_id": record.record_id,
            "ticket_id": record.ticket_id,
            "detail": mismatch_text(record),
        }
