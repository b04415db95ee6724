"""Send the events that wait in the outbox to the broker (rules 8).

In a scheduler the relay stays at work from slot to slot and looks for new events every second;
from cron or by hand it sends what waits and ends. Without a broker events wait, and are sent
when one is configured.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from datetime import timedelta
from random import random

from savctl.domain.events.backoff import pause
from savctl.domain.text import plural, verb
from savctl.ports import Broker, BrokerUnavailable, ExchangeMissing
from savctl.scheduling.cache_removal import removing_cached
from savctl.scheduling.job import Context, Job
from savctl.scheduling.troubles import Troubles
from savctl.usecases.batch.report import Item, ItemOutcome
from savctl.usecases.events.outbox import delete_old_events, outbox_status, relay_outlook
from savctl.usecases.events.relaying import RelayOptions, RelayReport, drain

_LOOK_EVERY = timedelta(seconds=1)
_LONGEST_PAUSE = timedelta(seconds=30)
_CLEAN_EVERY_SECONDS = 3_600.0  # a relay that stays for weeks cleans up as well
_REASONS_LISTED = 6  # as many as there are routing keys
_NAP_SECONDS = 0.1
_BROKER = "the broker"
_SENDING = "relay"  # not the job's name: a run of the relay ends well while the broker is down
_HELD = "held back behind a refused event"
_NO_BROKER = "no broker is configured"
_log = logging.getLogger("savctl.relay")


def _run(context: Context) -> None:
    if context.terms.dry_run:
        _preview(context)
        return
    with removing_cached(context):
        _send(context)
    if context.terms.should_stop() and context.broker is not None:
        status = outbox_status(context.database, context.clock)
        context.terms.report.left = int(status["waiting"])
    _clean_up(context)


def _send(context: Context) -> None:
    if context.broker is None:
        _without_broker(context)
        if context.settings.ticket_cache_url is not None and context.run_until is not None:
            _stay_for_cache(context)
    else:
        _relay(context, context.broker)


def _stay_for_cache(context: Context) -> None:
    """Without a broker the entries of changed tickets are removed all the same."""
    while not _is_over(context):
        _sleep(context, _LOOK_EVERY)


def _without_broker(context: Context) -> None:
    """Report why nothing is sent: to a person in the report, in a scheduler's log once.

    A scheduled run counts nothing: it had nothing to do, and its row may be forgotten.
    """
    waiting = int(outbox_status(context.database, context.clock)["waiting"])
    _note_no_broker(context, waiting)
    if context.run_until is not None:
        _warn_no_broker(context.troubles)
    elif not context.is_scheduled:
        _count_waiting(context, waiting)


def _note_no_broker(context: Context, waiting: int) -> None:
    events = f"{plural(waiting, 'event')} {verb(waiting, 'wait')}"
    context.terms.report.idle = f"{_NO_BROKER}: {events} in the outbox"


def _count_waiting(context: Context, waiting: int) -> None:
    context.terms.report.seen = waiting
    if waiting:
        item = Item(0, None, ItemOutcome.SKIPPED, f"{waiting} {_NO_BROKER}")
        context.terms.report.add_group(item, count=waiting)


def _warn_no_broker(troubles: Troubles) -> None:
    """Once in the life of a scheduler: it ends with the process, as its settings do."""
    words = f"{_NO_BROKER}: events wait in the outbox."
    troubles.report(
        _BROKER, words, by=_SENDING, event="relay_no_broker", level=logging.WARNING, log=_log
    )


def _preview(context: Context) -> None:
    """What would be sent and removed, if the broker took everything."""
    outlook = relay_outlook(context.database, context.clock, keep=context.settings.event_retention)
    report = context.terms.report
    if context.broker is None:
        _note_no_broker(context, outlook.waiting)
        _count_waiting(context, outlook.waiting)
    else:
        report.seen = outlook.waiting
        for outcome, count, label in (
            (ItemOutcome.CHANGED, outlook.sendable, "to be sent"),
            (ItemOutcome.SKIPPED, outlook.waiting - outlook.sendable, _HELD),
        ):
            if count:
                report.add_group(Item(0, None, outcome, f"{count} {label}"), count=count)
    if outlook.removable:
        _log_removed(context, outlook.removable, "to be removed")


def _relay(context: Context, broker: Broker) -> None:
    """Send, and report what was done, also when the line breaks."""
    total = RelayReport()
    try:
        if context.run_until is None:
            _drain(context, broker, total)
        else:
            _stay(context, broker, total)
    finally:
        _add(context, total)


def _stay(context: Context, broker: Broker, total: RelayReport) -> None:
    """Send what waits and what comes, until the next slot.

    A broker that is gone is awaited, and an exchange that somebody deleted as well: either it is
    made again, or the next connection makes it (broker_topology).
    """
    standing = _Standing(broker.name, context.troubles, lambda: _refusals(context))
    cleaned_at = time.monotonic()
    while not _is_over(context):
        try:
            standing.note(_drain(context, broker, total))
        except (BrokerUnavailable, ExchangeMissing) as problem:
            standing.fail(f"{problem.message}. Events wait. {problem.hint or ''}".rstrip())
        if time.monotonic() - cleaned_at > _CLEAN_EVERY_SECONDS:
            _clean_up(context)
            cleaned_at = time.monotonic()
        _sleep(context, standing.wait())


class _Standing:
    """How a relay that stays gets on with the broker; what is wrong is reported once.

    It ends with its slot, the troubles with the process: a broker that is down for an hour is
    not news each minute.
    """

    def __init__(self, broker: str, troubles: Troubles, refusals: Callable[[], int]) -> None:
        self._broker = broker
        self._troubles = troubles
        self._refusals = refusals
        self._failures = 0

    def note(self, report: RelayReport) -> None:
        """Look at what a drain did."""
        if report.refused:
            self._failures += bool(report.unwanted)
            for why, _ in (report.again + report.given_up).most_common(_REASONS_LISTED):
                self._report(f"The broker {self._broker} refuses events: {why}")
        elif report.published:
            self._failures = 0
            if self._troubles.is_open(_BROKER) and not self._refusals():
                again = "Events are sent again."
                self._troubles.settle(_SENDING, event="relay_recovered", log=_log, message=again)

    def fail(self, why: str) -> None:
        """Nothing can be sent."""
        self._failures += 1
        self._report(why)

    def wait(self) -> timedelta:
        """How long until the next look: longer each time while nothing can be sent."""
        if not self._failures:
            return _LOOK_EVERY
        return pause(self._failures, longest=_LONGEST_PAUSE, draw=random)

    def _report(self, why: str) -> None:
        self._troubles.report(
            _BROKER, why, by=_SENDING, event="relay_trouble", level=logging.WARNING, log=_log
        )


def _refusals(context: Context) -> int:
    """How often the events that wait were refused; a refused one may not be due in a drain."""
    return int(outbox_status(context.database, context.clock)["refusals"])


def _drain(context: Context, broker: Broker, total: RelayReport) -> RelayReport:
    """Send what waits, and add what came of it to the total, also when the line breaks."""
    report = RelayReport()
    terms = RelayOptions(
        attempts=context.settings.event_attempts,
        fence=context.terms.fence,
        should_stop=context.terms.should_stop,
        on_published=lambda count: _count_published(context, count),
    )
    try:
        drain(context.database, broker, context.clock, terms=terms, report=report)
    finally:
        total.add(report)
        if report.dead:
            _log.warning(
                "%s events were set aside as dead. See savctl event list --dead.",
                report.dead,
                extra={"event": "events_dead"},
            )
    return report


def _count_published(context: Context, count: int) -> None:
    """At once: a relay that is killed after days has sent what it sent."""
    context.terms.report.count(seen=count, changed=count)
    context.terms.on_batch(context.terms.report)


def _add(context: Context, total: RelayReport) -> None:
    """Report refusals by reason; what waits behind them only where a run looks once."""
    done = context.terms.report
    done.seen += total.refused  # what was published is counted already
    counts = [
        *(
            (ItemOutcome.SKIPPED, n, f"refused, tried again: {why}")
            for why, n in total.again.items()
        ),
        *(
            (ItemOutcome.FAILED, n, f"set aside as dead: {why}")
            for why, n in total.given_up.items()
        ),
    ]
    if context.run_until is None and total.held:
        done.seen += total.held
        counts.append((ItemOutcome.SKIPPED, total.held, _HELD))
    for outcome, count, why in counts:
        done.add_group(Item(0, None, outcome, f"{count} {why}"), count=count)


def _clean_up(context: Context) -> None:
    removed = delete_old_events(
        context.database,
        context.clock,
        keep=context.settings.event_retention,
        fence=context.terms.fence,
        should_stop=context.terms.should_stop,
    )
    if removed:
        _log_removed(context, removed, "removed")
        _log.info("%s old events removed.", removed, extra={"event": "outbox_cleaned"})


def _log_removed(context: Context, count: int, what: str) -> None:
    """In the report, beside its counts: they are about events that are sent."""
    keep = context.settings.event_retention
    text = f"{count} {what}: sent or skipped more than {keep.days} days ago"
    item = Item(0, None, ItemOutcome.CHANGED, text, always_listed=True)
    context.terms.report.add_note(item)


def _is_over(context: Context) -> bool:
    until = context.run_until
    return context.terms.should_stop() or (until is not None and context.clock() >= until)


def _sleep(context: Context, span: timedelta) -> None:
    end = time.monotonic() + span.total_seconds()
    while time.monotonic() < end and not _is_over(context):
        time.sleep(_NAP_SECONDS)


JOB = Job(
    name="event-relay",
    cron="* * * * *",
    summary="Send waiting events to the broker",
    run=_run,
    is_continuous=True,
)
