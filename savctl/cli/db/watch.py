"""`savctl db slow, indexes`: what the server itself counted."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import TYPE_CHECKING, Annotated

import typer

from savctl.cli.db import group
from savctl.cli.framework.command import command
from savctl.cli.framework.context import CommandContext
from savctl.cli.framework.output import Answer, Row
from savctl.domain import times
from savctl.errors import InvalidInput

if TYPE_CHECKING:
    from savctl.persistence.engine import Database

_MILLISECONDS = re.compile(r"([0-9]{1,9})ms")
_SLOW_COLUMNS = ("statement", "calls", "slow", "total_ms", "max_ms", "rows_examined", "last_seen")
_INDEX_COLUMNS = ("state", "table", "index", "columns", "reads", "statement", "why")


@command(
    group,
    "slow",
    timeless=True,
    examples=["savctl db slow", "savctl db slow --over 1s -o json"],
)
def slow(
    call: CommandContext,
    over: Annotated[str, typer.Option("--over", metavar="SPAN", help="Slower than this.")] = (
        "100ms"
    ),
    source: Annotated[
        str,
        typer.Option("--source", help="auto, performance-schema, slow-log."),
    ] = "auto",
    limit: Annotated[int, typer.Option("--limit", min=0, help="0 is no limit.")] = 50,
) -> Answer:
    """List statements that took long, longest in all first.

    They are digests: no value of any row is shown.

    performance_schema has the figures since the server started, the slow log what its table
    holds. What this user may not read, or what is switched off, is named with the statement
    that changes it.
    """
    from savctl.cli.framework.choices import one_of
    from savctl.usecases.database.slow import SlowSource, slow_statements

    found = slow_statements(
        _looked_at(call),
        over=_span_of(over),
        source=SlowSource(one_of("source", source, tuple(SlowSource))),
    )
    for gap in found.gaps:
        if found.is_known:
            call.note(gap.as_line())
        else:
            call.warn(gap.as_line())
    shown = found.statements[:limit] if limit else found.statements
    if len(shown) < len(found.statements):
        call.note(f"showing {limit} of {len(found.statements)}; --limit 0 shows all")
    rows: list[Row] = [
        {
            "digest": one.digest,
            "statement": one.statement,
            "source": one.source,
            "calls": one.calls,
            "slow": one.slow,
            "total_ms": round(one.total_ms, 1),
            "mean_ms": round(one.total_ms / one.calls, 1) if one.calls else None,
            "max_ms": round(one.max_ms, 1),
            "rows_examined": one.rows_examined,
            "rows_sent": one.rows_sent,
            "without_index": one.without_index,
            "first_seen": one.first_seen,
            "last_seen": one.last_seen,
        }
        for one in shown
    ]
    return Answer(rows=rows, columns=_SLOW_COLUMNS, key="digest", noun="slow statements")


def _span_of(text: str) -> timedelta:
    """A span, in milliseconds as well."""
    match = _MILLISECONDS.fullmatch(text.strip())
    try:
        return timedelta(milliseconds=int(match[1])) if match else times.span(text)
    except InvalidInput as problem:
        raise InvalidInput(f"--over: {problem.message}", hint="Use 100ms, 1s or 2m.") from None


def _looked_at(call: CommandContext) -> Database:
    """The database as it is; an embedded one is made first where there is none."""
    raw = call.app.raw_database
    return call.database if raw.is_sqlite else raw


@command(
    group,
    "indexes",
    timeless=True,
    examples=["savctl db indexes", "savctl db indexes --state missing,unused -o json"],
)
def indexes(
    call: CommandContext,
    state: Annotated[
        list[str] | None,
        typer.Option("--state", metavar="STATE", help="missing, unused, used, kept, unknown."),
    ] = None,
) -> Answer:
    """List every index: missing, never read, used.

    A missing one is wanted by savctl's own queries. Each row has the statement to run, where one
    should be run; savctl runs none of them.
    """
    from savctl.cli.framework.choices import each_of
    from savctl.cli.framework.text import span_words
    from savctl.usecases.database.indexes import IndexState, index_report

    wanted = each_of("state", state, IndexState)
    report = index_report(_looked_at(call))
    if report.gap is not None:
        call.warn(report.gap.as_line())
    elif report.counted_for is not None:
        young = "; wait some weeks before you drop an unused one" if report.is_young else ""
        call.note(f"reads since the server started, {span_words(report.counted_for)} ago{young}")
    rows: list[Row] = [
        {
            "state": str(one.state),
            "table": one.table,
            "index": one.index,
            "columns": list(one.columns),
            "reads": one.reads,
            "statement": one.statement,
            "why": one.why,
        }
        for one in report.findings
        if not wanted or one.state in wanted
    ]
    return Answer(rows=rows, columns=_INDEX_COLUMNS, key="index", noun="indexes")
