"""`savctl demo --replay`: play a recorded log and report what the rules made of it."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from savctl.cli.demo.jobs import chosen, plain
from savctl.cli.demo.screen import closed_lines, env_line, fitted, when
from savctl.cli.demo.stage import Stage, stage
from savctl.cli.framework.context import CommandContext
from savctl.cli.framework.output import Answer, Outcome
from savctl.cli.framework.page import and_more
from savctl.cli.framework.stderr.progress import counting, watching
from savctl.cli.ticket.importing import opened
from savctl.domain.text import plural
from savctl.domain.tickets.closing import ClosingLimits
from savctl.errors import InvalidInput, PartlyDone

if TYPE_CHECKING:
    from savctl.usecases.replay.report import ReplayReport

_LISTED = 20
_SHOWN = 8  # kinds of refused changes


def replay_log(
    call: CommandContext,
    log: Path,
    *,
    mapping: Path | None,
    form: str | None,
    limits: ClosingLimits,
    jobs: str,
    bridges: bool,
    sweeps: Path | None,
    home: Path | None,
    configured: bool,
) -> Answer | Outcome:
    """Play a log into an empty database and answer with the counts; 3 when rows were no events."""
    from savctl.demo.summary import summary
    from savctl.domain.imports.replay_plan import plan
    from savctl.usecases.imports.mapping_file import naming_lines, read_mapping
    from savctl.usecases.replay.log_events import LogReader
    from savctl.usecases.replay.replaying import Replay, replay

    if mapping is None:
        raise InvalidInput("--replay needs --map FILE: what the log's columns mean")
    mapped = read_mapping(mapping)
    with naming_lines(mapping):
        how = plan(mapped.replay)
    names = chosen(jobs)
    bad = _BadRows(call)
    source = mapped.source or log.name.partition(".")[0]
    with (
        naming_lines(mapping),
        opened(log, form, mapped.delimiter) as rows,
        stage(call, home=home, configured=configured, story=f"replay of {source}") as place,
        watching(call) as progress,
    ):
        terms = Replay(
            source=source,
            how=how,
            bridges=bridges,
            jobs=plain(place.app, limits, only=names, sweeps=sweeps),
            on_reject=bad.add,
            size=place.app.settings.batch_size,
            on_batch=counting(progress, _so_far),
        )
        reader = LogReader(rows, mapped, how, bad.add)
        report = replay(place.app.database, place.clock, reader, terms)
        totals = summary(place.app.database)
    row = {**_counts(report), **totals, "database": place.place, "rejected": bad.count}
    row["rejects"] = bad.listed
    answer = Answer(rows=[row], is_one=True, key="database", text=_screen(row, place))
    if not bad.count:
        return answer
    failure = PartlyDone(f"not events: {plural(bad.count, 'row')} of {log.name}")
    return Outcome(answer=answer, failures=(failure,))


class _BadRows:
    """Rows that are no events: counted, the first of them listed."""

    def __init__(self, call: CommandContext) -> None:
        self._call = call
        self.count = 0
        self.listed: list[dict[str, object]] = []

    def add(self, line: int, reason: str) -> None:
        """Add one."""
        self.count += 1
        if self.count <= _LISTED and not self._call.is_json:
            self._call.warn(f"line {line}: {reason}")
        if len(self.listed) < 1_000:
            self.listed.append({"line": line, "reason": reason})


def _counts(report: ReplayReport) -> dict[str, Any]:
    return {
        "first_at": report.first_at,
        "last_at": report.last_at,
        "events": report.events,
        "cases": report.cases,
        "clean": report.clean,
        "applied": sum(report.applied.values()),
        "refused": sum(report.refused.values()),
        "unchanged": report.unchanged,
        "refused_otherwise": dict(report.others),
        "changes_applied": _pairs(report.applied),
        "changes_refused": _pairs(report.refused),
        "jobs": {
            name: {"runs": report.runs[name], "changed": report.closed[name]}
            for name in report.runs
        },
        "final": report.final,
    }


def _pairs(counts: Any) -> list[dict[str, object]]:
    return [{"from": a, "to": b, "count": n} for (a, b), n in counts.most_common()]


def _so_far(report: ReplayReport) -> str:
    at = when(report.last_at) if report.last_at else ""
    return f"{plural(report.events, 'event')}, {at}"


def _screen(row: dict[str, Any], place: Stage) -> str:
    refused = row["changes_refused"]
    span = f"{when(row['first_at'])} to {when(row['last_at'])}" if row["first_at"] else "nothing"
    lines = [
        f"{plural(row['events'], 'event')} of {plural(row['cases'], 'case')}, {span}",
        (
            f"{row['applied']} status changes applied, {row['refused']} refused; "
            f"{row['clean']} cases without any refusal"
        ),
        "",
        "Refused by the state machine",
        *(f"{one['count']:>7}  {one['from']} → {one['to']}" for one in refused[:_SHOWN]),
        *and_more(len(refused), shown=_SHOWN, listed=len(refused)),
        "",
        "Jobs    " + (_jobs(row["jobs"]) or "were off"),
        "Now     " + ", ".join(f"{count} {status}" for status, count in row["final"].items()),
        "",
        *closed_lines(row),
        "",
        f"Try it  (the database is {place.place})",
        *env_line(place.variable),
    ]
    return "\n".join(fitted(line) for line in lines)


def _jobs(jobs: dict[str, dict[str, int]]) -> str:
    return ", ".join(
        f"{name} closed {counts['changed']} in {plural(counts['runs'], 'run')}"
        for name, counts in jobs.items()
    )
