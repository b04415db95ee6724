"""Take in what the auth service and the orders service send (rules 14).

In a scheduler it stays at work from slot to slot; from cron or by hand it takes in what waits
and ends. Any number of 'savctl sync consume' may work beside it.
"""

from __future__ import annotations

import logging
from dataclasses import asdict

from savctl.errors import SavError
from savctl.ports import QueueMissing, Queues
from savctl.scheduling.job import Context, Job
from savctl.scheduling.troubles import Troubles
from savctl.usecases.erasure.sync_hook import StoredErasures
from savctl.usecases.sync.consuming import ConsumeOptions
from savctl.usecases.sync.intake import IntakeOptions
from savctl.usecases.sync.listening import Listening, consume_once, stay
from savctl.usecases.sync.report import SyncCounts

_BROKER = "the queues of other services"
_JOB = "sync-consume"
_LISTENING = "listening"  # not the job's name: a run ends well at its slot while no queue exists
_NO_BROKER = "no broker is configured: nothing arrives"
_log = logging.getLogger("savctl.sync")


def _run(context: Context) -> None:
    broker = context.queues
    if broker is None:
        context.terms.report.idle = _NO_BROKER
        return
    settings = context.settings
    total = SyncCounts()
    options = ConsumeOptions(
        intake=IntakeOptions(
            policies=context.policies,
            largest=settings.sync_largest,
            largest_id=context.database.largest_id,
            erasure=StoredErasures(settings.erasure_key),
        ),
        batch=2 * settings.sync_prefetch,  # what both queues have under way
        until_empty=context.run_until is None,
        dry_run=context.terms.dry_run,
        fence=context.terms.fence,
        should_stop=lambda: _is_over(context),
        on_batch=lambda counts: _count(context, total, counts),
    )
    queues = (settings.sync_users_queue, settings.sync_orders_queue)
    if context.run_until is None:
        try:
            consume_once(
                context.database,
                broker,
                context.clock,
                queues=queues,
                prefetch=settings.sync_prefetch,
                options=options,
            )
        except QueueMissing as problem:
            if not context.is_scheduled:
                raise
            # cron starts it each minute, also where nobody wants messages of other services
            context.terms.report.idle = f"{problem.message}. {problem.hint}"
    else:
        listening = _listening(context.troubles, broker, queues, settings.sync_prefetch)
        stay(context.database, broker, context.clock, listening=listening, options=options)


def _listening(
    troubles: Troubles, broker: Queues, queues: tuple[str, str], prefetch: int
) -> Listening:
    """Trouble is reported once over all the runs of a process, and so is its end."""

    def on_trouble(problem: SavError) -> None:
        text = f"{problem.message}. {problem.hint or ''}".rstrip()
        troubles.report(
            _BROKER, text, by=_LISTENING, event="sync_trouble", level=logging.WARNING, log=_log
        )

    def on_line() -> None:
        if troubles.is_open(_BROKER):
            text = f"Messages of other services arrive again from {broker.name}."
            troubles.settle(_LISTENING, event="sync_recovered", log=_log, message=text)

    return Listening(queues=queues, prefetch=prefetch, on_trouble=on_trouble, on_line=on_line)


def _count(context: Context, total: SyncCounts, counts: SyncCounts) -> None:
    total.add(counts)
    report = context.terms.report
    report.count(seen=counts.received, changed=counts.applied)
    report.skipped += counts.received - counts.applied
    report.details = dict(asdict(total))
    context.terms.on_batch(report)


def _is_over(context: Context) -> bool:
    until = context.run_until
    return context.terms.should_stop() or (until is not None and context.clock() >= until)


JOB = Job(
    name=_JOB,
    cron="* * * * *",
    summary="Take in users and orders of other services",
    run=_run,
    is_continuous=True,
)
