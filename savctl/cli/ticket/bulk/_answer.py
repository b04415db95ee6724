"""What a bulk command answers with: every row, and the exit code that they come to."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from signal import Signals
from typing import TYPE_CHECKING

from savctl.cli.framework.context import CommandContext
from savctl.cli.framework.output import Answer, Outcome, Row
from savctl.cli.framework.page import named
from savctl.cli.job.item_lines import ItemLines
from savctl.domain.text import plural
from savctl.errors import PartlyDone, SavError

if TYPE_CHECKING:
    from savctl.usecases.batch.report import BatchReport
    from savctl.usecases.bulk.order import BulkOrder
    from savctl.usecases.bulk.plan import PlanSummary

COLUMNS = ("ticket_number", "outcome", "reason")
_LISTED = 1_000  # on the page of a run
_FIELDS = ("operation", "id", *COLUMNS)


@dataclass(frozen=True, slots=True, kw_only=True)
class BulkAnswer:
    """What there is to say: all items, the operation if one ran, its report, the plan's file."""

    order: BulkOrder
    items: ItemLines
    operation: str | None = None
    report: BatchReport | None = None
    plan: Path | None = None
    stopped_by: Signals | None = None


def answered(call: CommandContext, given: BulkAnswer) -> Outcome:
    """One object for JSON, else a row a ticket; refused tickets make the exit code 3."""
    outcomes = given.items.outcomes
    notes = [_counts(outcomes, given)]
    if call.dry_run:
        notes.append("dry run: nothing was stored")
    answer = _answer(call, given)
    if given.stopped_by is not None and given.report is not None:
        notes.append(
            f"Interrupted. {given.report.left} still to do; run the same command or plan again."
        )
        return Outcome(answer=answer, notes=notes, exit=128 + given.stopped_by)
    return Outcome(answer=answer, notes=notes, failures=_failures(outcomes, given))


def summary_lines(summary: PlanSummary) -> Iterator[str]:
    """What a person reads before the question (rules 15.1)."""
    yield f"{plural(summary.changes, 'ticket')} would change, of {summary.rows:,}"
    yield f"by status: {_listed(summary.statuses)}"
    yield f"by priority: {_listed(summary.priorities)}"
    more = ", …" if summary.changes > len(summary.first) else ""
    yield f"first: {', '.join(summary.first)}{more}"


def _answer(call: CommandContext, given: BulkAnswer) -> Answer:
    if call.is_json and not call.columns:
        row: dict[str, object] = {"operation": given.operation, "items": given.items}
        if given.order.undoes is not None:
            row["undoes"] = given.order.undoes
        if given.plan is not None:
            row["plan"] = str(given.plan)
        if call.dry_run:
            row["dry_run"] = True
        return Answer(rows=[row], is_one=True)
    rows: Iterator[Row] = ({"operation": given.operation, **item} for item in given.items.rows())
    text = _page(given) if call.wants_page and given.operation is not None else None
    return Answer(rows=rows, columns=COLUMNS, fields=_FIELDS, noun="tickets", text=text)


def _page(given: BulkAnswer) -> str:
    """What was done, and the tickets that were left: those that changed need no line each."""
    done = given.report
    counts = () if done is None else (("changed", done.changed), ("left", done.left))
    lines = named([("operation", given.operation), *counts])
    left = (item for item in given.items.rows() if item["outcome"] != "changed")
    listed = list(islice(left, _LISTED + 1))
    shown = [
        (str(item["ticket_number"]), f"{item['outcome']}: {item['reason']}") for item in listed
    ]
    lines += named(shown[:_LISTED])
    if len(listed) > _LISTED:
        lines.append("… and more; -o jsonl shows all of them")
    return "\n".join(lines)


def _counts(outcomes: Counter[str], given: BulkAnswer) -> str:
    counted = ", ".join(f"{count:,} {outcome}" for outcome, count in sorted(outcomes.items()))
    named = f"{given.operation}: " if given.operation else ""
    return f"{named}{counted or 'no tickets'}"


def _failures(outcomes: Counter[str], given: BulkAnswer) -> tuple[SavError, ...]:
    """A plan that was only written down is whole, whatever would be refused."""
    left = outcomes["refused"] + outcomes["failed"]
    if not left or given.plan is not None:
        return ()
    total = sum(outcomes.values())
    return (PartlyDone(f"{left:,} of {plural(total, 'ticket')} refused"),)


def _listed(counts: Counter[str]) -> str:
    return ", ".join(f"{count:,} {name}" for name, count in counts.most_common())
