"""Send the events that wait in the outbox to the broker (rules 8).

In a scheduler the relay stays at work from slot to slot and looks for new events every second;
from cron or by hand it sends what waits and ends. Without a broker events wait, and are sent
when one is configured.
"""

from __future__ import annotations

import logging
import time
from datetime import timedelta
from random import random

from jobs._job import Context, Job
from savctl.domain.backoff import pause
from savctl.errors import SavError
from savctl.ports import Broker, BrokerGone, ExchangeMissing
from savctl.usecases.outbox import delete_old_events, outbox_status
from savctl.usecases.relaying import RelayReport, RelayTerms, drain
from savctl.usecases.report import Item, Outcome

_LOOK_EVERY = timedelta(seconds=1)
_LONGEST_PAUSE = timedelta(seconds=30)
_NAP_SECONDS = 0.1
_log = logging.getLogger("savctl.relay")


def _run(context: Context) -> None:
    if context.broker is None:
        _log.info("No broker is configured: events wait.", extra={"event": "relay_no_broker"})
        return
    if context.terms.dry_run:
        return
    if context.flags.stay_until is None:
        _drain(context, context.broker)
    else:
        _stay(context, context.broker)
    if context.terms.should_stop():
        status = outbox_status(context.database, context.clock)
        context.terms.report.left = int(status["waiting"])
    _clean_up(context)


def _stay(context: Context, broker: Broker) -> None:
    """Send what waits and what comes, until the next slot.

    A broker that is gone is awaited, and an exchange that somebody deleted as well: either it is
    made again, or the next connection makes it (broker_topology).
    """
    failures = 0
    while not _is_over(context):
        try:
            failures = 0 if _drain(context, broker) else failures + 1
        except (BrokerGone, ExchangeMissing) as problem:
            failures += 1
            _tell(problem, failures)
        wait = pause(failures, longest=_LONGEST_PAUSE, draw=random) if failures else _LOOK_EVERY
        _sleep(context, wait)


def _drain(context: Context, broker: Broker) -> bool:
    """Send what waits; False when the broker took nothing of it."""
    report = RelayReport()
    terms = RelayTerms(
        attempts=context.settings.event_attempts,
        fence=context.terms.fence,
        should_stop=context.terms.should_stop,
    )
    try:
        drain(context.database, broker, context.clock, terms=terms, report=report)
    finally:
        done = context.terms.report
        done.add((), seen=report.published + report.refused + report.held)
        done.changed += report.published
        done.add(
            (
                Item(0, None, Outcome.SKIPPED, f"{count} refused: {reason}")
                for reason, count in report.reasons.items()
            ),
            seen=0,
        )
    return report.published > 0 or report.refused == 0


def _clean_up(context: Context) -> None:
    removed = delete_old_events(
        context.database,
        context.clock,
        keep=context.settings.event_retention,
        fence=context.terms.fence,
        should_stop=context.terms.should_stop,
    )
    if removed:
        _log.info("%s old events removed.", removed, extra={"event": "outbox_cleaned"})


def _is_over(context: Context) -> bool:
    until = context.flags.stay_until
    return context.terms.should_stop() or (until is not None and context.clock() >= until)


def _sleep(context: Context, span: timedelta) -> None:
    end = time.monotonic() + span.total_seconds()
    while time.monotonic() < end and not _is_over(context):
        time.sleep(_NAP_SECONDS)


def _tell(problem: SavError, failures: int) -> None:
    """Say it once, then only now and then."""
    if failures == 1 or failures % 20 == 0:
        advice = f" {problem.hint}" if problem.hint else ""
        _log.warning("%s. Events wait.%s", problem.message, advice, extra={"event": problem.code})


JOB = Job(
    name="event-relay",
    cron="* * * * *",
    summary="Send the events that wait to the broker; remove those sent 30 days ago",
    run=_run,
    is_steady=True,
)
