"""One bulk command from its options to its answer: plan, ask, carry out (rules 15.1, 15.2)."""

from __future__ import annotations

import logging
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from savctl.cli.framework.context import CommandContext
from savctl.cli.framework.output import Outcome
from savctl.cli.framework.stderr.progress import watching
from savctl.cli.job.item_lines import ItemLines
from savctl.cli.ticket.bulk._answer import BulkAnswer, answered, summary_lines
from savctl.cli.ticket.bulk._options import Chosen
from savctl.domain.text import plural
from savctl.errors import AlreadyRunning, Interrupted, InvalidInput, NeedsConfirmation

# What each of these cannot do without, unless a plan's file has it.
_HAS_TO_SAY = {
    "assign": "--to ID|auto",
    "unassign": "--reason",
    "close": "--reason, or --duplicate-of TKT",
    "priority": "PRIORITY with --reason",
    "tag": "--add TAG or --remove TAG",
}

if TYPE_CHECKING:
    from savctl.scheduling.runner import JobReport
    from savctl.scheduling.stop import Stop
    from savctl.usecases.batch.batches import BatchContext
    from savctl.usecases.batch.report import BatchReport
    from savctl.usecases.bulk.order import BulkOrder
    from savctl.usecases.bulk.plan import Plan
    from savctl.usecases.bulk.planning import Planning


def run_bulk(call: CommandContext, chosen: Chosen, order: BulkOrder | None, verb: str) -> Outcome:
    """Do one of the seven; `order` is None where the plan's file has it.

    Raises:
        InvalidInput: the tickets are not chosen, or the arguments are missing.
        NeedsConfirmation: the brake, or nobody given yes; nothing was changed.
    """
    from savctl.usecases.bulk.order import with_original
    from savctl.usecases.bulk.plan_file import read_plan

    chosen.require_one()
    call.start_log(logging.INFO if call.verbose else logging.WARNING)
    order = order and with_original(call.operation(), order)
    if chosen.plan is not None:
        planned, plan = read_plan(call.database, chosen.plan, verb=verb)
        _require_same(order, planned)
        call.yes = True
        return finish_plan(call, chosen, planned, plan)
    if order is None:
        raise InvalidInput(f"missing: {_HAS_TO_SAY[verb]}")
    return finish_plan(call, chosen, order, planned_for(call, order, _selection(chosen)))


def planned_for(
    call: CommandContext, order: BulkOrder, select: Callable[[Planning], Plan]
) -> Plan:
    """The plan, made while somebody watches.

    Raises:
        Interrupted: a signal came; nothing was changed.
    """
    from savctl.scheduling.stop import stopping_on_signals
    from savctl.usecases.bulk.planning import Planning
    from savctl.usecases.bulk.warnings import warnings_of

    with stopping_on_signals() as stop, watching(call, closes=False) as progress:
        work = Planning(
            op=call.operation(policies=call.policies),
            order=order,
            should_stop=stop.is_set,
            on_row=lambda count: progress.show(f"planning: {plural(count, 'ticket')}"),
        )
        plan = select(work)
    if stop.signal is not None:
        raise Interrupted("interrupted while planning; nothing was done")
    call.warn_of_change(warnings_of(work.op, order))
    return plan


def finish_plan(call: CommandContext, chosen: Chosen, order: BulkOrder, plan: Plan) -> Outcome:
    """Write the plan down, or carry it out once that is confirmed."""
    if chosen.plan_out is not None and not call.dry_run:
        return _write_down(call, chosen, order, plan)
    _require_few(call, chosen, plan)
    if plan.summary.changes and not (call.yes or call.dry_run):
        for line in summary_lines(plan.summary):
            call.note(line)
        call.confirm(f"{order.verb.capitalize()} {plural(plan.summary.changes, 'ticket')}?")
    call.name_target()
    if not plan.summary.changes:
        return answered(call, BulkAnswer(order=order, items=_planned_items(plan)))
    return _carried_out(call, order, plan)


def _carried_out(call: CommandContext, order: BulkOrder, plan: Plan) -> Outcome:
    from savctl.scheduling.stop import stopping_on_signals
    from savctl.usecases.bulk.carrying_out import operation_id

    items = ItemLines()
    with stopping_on_signals(call.stop_line) as stop:
        report = _run(call, order, plan, stop, items)
    operation = None if report.run_id is None else operation_id(report.run_id)
    given = BulkAnswer(
        order=order,
        items=items,
        operation=operation,
        report=report.done,
        stopped_by=stop.signal if report.done.left else None,
    )
    return answered(call, given)


def _run(
    call: CommandContext, order: BulkOrder, plan: Plan, stop: Stop, items: ItemLines
) -> JobReport:
    """The plan as a run: one at a time over all hosts, with a lease, a fence and a row."""
    from savctl.scheduling.dead_holder import free_from_dead
    from savctl.scheduling.job import Context, Job
    from savctl.scheduling.run_names import bulk_run_name
    from savctl.scheduling.runner import Start, run_job
    from savctl.usecases.bulk.carrying_out import carry_out

    op = call.operation(policies=call.policies)

    def work(context: Context) -> None:
        terms: BatchContext = context.terms
        carry_out(op, order, plan, terms)

    name = bulk_run_name(order.verb)
    job = Job(name=name, cron="", summary="", run=work)
    if not call.dry_run:
        free_from_dead(call.app, name)
    try:
        with watching(call, closes=False) as progress:
            start = Start(
                dry_run=call.dry_run,
                should_stop=stop.is_set,
                on_batch=lambda done: progress.show(_counts(done), done=done.seen),
                on_total=progress.expect if progress.is_seen else None,
                on_each=items.add,
                with_figures=False,  # none belongs to a bulk command
            )
            return run_job(job, call.app, start)
    except AlreadyRunning as other:
        other.hint = f"See 'savctl job history {name}'; the lease of a dead host expires."
        raise


def _counts(done: BatchReport) -> str:
    return f"{done.seen:,} seen, {done.changed:,} changed"


def _write_down(call: CommandContext, chosen: Chosen, order: BulkOrder, plan: Plan) -> Outcome:
    from savctl.usecases.bulk.plan_file import write_plan

    path = Path(str(chosen.plan_out))
    op = call.operation()
    write_plan(op, order, plan, path, chosen=chosen.as_json(), overwrite=chosen.force)
    call.note(f"the plan is in {path}; carry it out: savctl {call.words} --plan {path}")
    if plan.summary.changes > chosen.max_changes:
        call.note(_too_many(plan.summary.changes, chosen.max_changes))
    return answered(call, BulkAnswer(order=order, items=_planned_items(plan), plan=path))


def _require_few(call: CommandContext, chosen: Chosen, plan: Plan) -> None:
    """The brake: nothing lifts it but a greater number (settled 15)."""
    changes = plan.summary.changes
    if changes <= chosen.max_changes:
        return
    if call.dry_run:
        call.warn(f"the real run would stop: {_too_many(changes, chosen.max_changes)}")
        return
    raise NeedsConfirmation(
        f"{_too_many(changes, chosen.max_changes)}; nothing was done",
        hint=f"See them with --dry-run; change them with --max-changes {changes}.",
        limit=chosen.max_changes,
        changes=changes,
    )


def _too_many(changes: int, limit: int) -> str:
    return f"{plural(changes, 'ticket')} would change, more than --max-changes {limit:,}"


def _planned_items(plan: Plan) -> ItemLines:
    items = ItemLines()
    for row in plan.rows():
        items.add(row.as_item())
    return items


def _selection(chosen: Chosen) -> Callable[[Planning], Plan]:
    from savctl.usecases.bulk.planning import plan_filtered, plan_named

    if chosen.stdin == "-":
        refs = chosen.references()
        return lambda work: plan_named(work, refs)
    return lambda work: plan_filtered(work, chosen.wanted)


def _require_same(given: BulkOrder | None, planned: BulkOrder) -> None:
    if given is not None and given != planned:
        raise InvalidInput(
            "the plan has other arguments than the command",
            hint="Leave them out: --plan carries out exactly what the plan states.",
        )
