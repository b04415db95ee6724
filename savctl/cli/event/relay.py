"""`savctl event status, relay, retry, skip, replay, setup`."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING, Annotated, Any

import typer

from savctl.cli.event import group
from savctl.cli.framework.command import command
from savctl.cli.framework.context import CommandContext
from savctl.cli.framework.output import Answer, Outcome
from savctl.domain import times
from savctl.domain.model.references import reference
from savctl.domain.text import plural
from savctl.errors import ConfigurationError, ExitCode, InvalidInput

if TYPE_CHECKING:
    from savctl.ports import Broker
    from savctl.usecases.events.outbox import EventSpan

_LISTED = 50  # more than so many are only counted in a table


@command(
    group,
    "status",
    examples=["savctl event status", "savctl event status --fail-on 'age>5m' -o json"],
)
def status(
    call: CommandContext,
    fail_on: Annotated[
        str | None,
        typer.Option(
            "--fail-on",
            metavar="age>SPAN",
            help="Exit 10 when the oldest is older, or one that is set aside.",
        ),
    ] = None,
) -> Answer | Outcome:
    """Count waiting and dead events.

    It also shows how long the oldest has waited.
    """
    from savctl.cli.framework.text import span_words
    from savctl.usecases.events.outbox import outbox_status

    limit = _limit(fail_on)
    counts = outbox_status(call.database, call.clock)
    age, days = counts["oldest_age"], "days" if call.is_for_people else "d"
    row = {
        "waiting": counts["waiting"],
        "oldest_at": counts["oldest_at"],
        "oldest_age_seconds": age,
        "oldest_age": span_words(age, days=days) if age is not None else None,
        **{name: counts[name] for name in ("refusals", "dead", "skipped")},
        "broker": call.app.broker.name if call.app.broker is not None else None,
    }
    answer = Answer(rows=[row], is_one=True, as_record=True, key="waiting")
    late = _too_old(counts, limit) if limit is not None else []
    if not late:
        return answer
    return Outcome(answer=answer, warnings=late, exit=int(ExitCode.FINDINGS))


def _too_old(counts: Mapping[str, Any], limit: timedelta) -> list[str]:
    """What has not been sent for longer than the limit; a dead event never will be by itself."""
    from savctl.cli.framework.text import span_words

    return [
        label.format(span_words(age), span_words(limit))
        for age, label in (
            (counts["oldest_age"], "the oldest event has waited for {}, longer than {}"),
            (
                counts["oldest_dead_age"],
                "an event of {} ago, longer than {}, is set aside: savctl event list --dead",
            ),
        )
        if age is not None and age > limit
    ]


@command(group, "relay", writes=True, examples=["savctl event relay --once", "savctl event relay"])
def relay(
    call: CommandContext,
    once: Annotated[bool, typer.Option("--once", help="Send what waits now, then end.")] = False,
    resend: Annotated[
        bool, typer.Option("--resend", help="Also send events that a restore holds.")
    ] = False,
) -> Answer | Outcome | None:
    """Send waiting events to the broker.

    Without --once, stay until a signal.
    """
    import logging

    from savctl.cli.job.running import answered
    from savctl.domain.clock import FAR_AWAY
    from savctl.scheduling.job import find_job
    from savctl.scheduling.runner import Start, run_job
    from savctl.scheduling.stop import stopping_on_signals

    call.start_log(logging.INFO if call.verbose else logging.WARNING)
    _broker(call)
    if resend and not call.dry_run:
        from savctl.usecases.events.outbox import release_after_restore

        released = release_after_restore(call.operation())
        call.note(f"{plural(released, 'event')} that a restore held can be sent now")
    run_until = None if once or call.dry_run else FAR_AWAY
    with stopping_on_signals() as stop:
        start = Start(run_until=run_until, dry_run=call.dry_run, should_stop=stop.is_set)
        report = run_job(find_job("event-relay"), call.app, start)
    outcome = answered(call, report, stop)
    if once or stop.signal is None:
        return outcome
    # it was to stay, and ends like a scheduler that is stopped
    return replace(outcome, exit=128 + stop.signal)


@command(
    group,
    "retry",
    writes=True,
    examples=["savctl event retry --dead --dry-run", "savctl event retry 1 --dry-run"],
)
def retry(
    call: CommandContext,
    events: Annotated[
        list[str] | None, typer.Argument(metavar="ID…", help="Numbers or UUIDs.")
    ] = None,
    dead: Annotated[bool, typer.Option("--dead", help="All that were set aside.")] = False,
) -> Answer:
    """Retry dead or delayed events now."""
    from array import array

    from savctl.usecases.events.outbox import retry_dead_events, retry_events

    if bool(events) == dead:
        raise InvalidInput("name events, or give --dead for all that were set aside")
    op = call.operation()
    ids = array("q", retry_events(op, events) if events else retry_dead_events(op))
    if not ids:
        call.note("no event is set aside; nothing to do")
    elif call.dry_run:
        call.note("dry run: nothing was stored")
    rows = ({"id": one, "retried": True} for one in ids)
    text = None if len(ids) <= _LISTED else f"{plural(len(ids), 'event')} will be sent again"
    return Answer(rows=rows, columns=("id", "retried"), text=text, key="id")


@command(group, "skip", writes=True, asks=True, examples=["savctl event skip 1 --dry-run"])
def skip(
    call: CommandContext,
    event: Annotated[str, typer.Argument(metavar="ID", help="Number or UUID of an event.")],
) -> Answer:
    """Give up one event for good.

    The later ones of its ticket are sent then.
    """
    from savctl.usecases.events.outbox import skip_event

    call.confirm(f"Give up event {event}? No consumer will ever receive it")
    event_id = skip_event(call.operation(), event)
    if call.dry_run:
        call.note("dry run: nothing was stored")
    return Answer(rows=[{"id": event_id, "skipped": True}], is_one=True, key="id")


@command(
    group,
    "replay",
    asks=True,
    writes=True,
    examples=[
        "savctl event replay --since 2025-10-03 --until 2025-10-04 --dry-run",
        "savctl event replay --ticket TKT-7K2M9QXA --dry-run",
    ],
)
def replay(
    call: CommandContext,
    since: Annotated[
        str | None, typer.Option("--since", metavar="TIME", help="That happened then or later.")
    ] = None,
    until: Annotated[
        str | None, typer.Option("--until", metavar="TIME", help="And before this.")
    ] = None,
    ticket: Annotated[
        str | None, typer.Option("--ticket", metavar="TKT", help="Only of this ticket.")
    ] = None,
) -> Answer | Outcome:
    """Send published events again.

    They are marked with the header x-replay.
    """
    from savctl.scheduling.stop import stopping_on_signals
    from savctl.usecases.events.outbox import count_replayed, replay_events

    span = _span(call, since, until, ticket)
    count = count_replayed(call.database, span)
    if call.dry_run:
        call.note("dry run: nothing was sent")
        return Answer(rows=[{"sent": 0, "would_send": count}], is_one=True, key="sent")
    broker = _broker(call)
    if not count:
        call.note("no event in this range was sent before; nothing to do")
        return Answer(rows=[{"sent": 0, "refused": 0}], is_one=True, key="sent")
    call.confirm(f"Send {plural(count, 'event')} to {broker.name} once more?")
    with stopping_on_signals() as stop:
        done = replay_events(call.operation(), broker, span, should_stop=stop.is_set)
    answer = Answer(rows=[{"sent": done.sent, "refused": done.refused}], is_one=True, key="sent")
    if not done.refused and not done.is_stopped:
        return answer
    warnings = []
    if done.refused:
        warnings.append(f"{done.refused} of {plural(count, 'event')} refused: no queue took them")
    code = int(ExitCode.PARTLY)
    if stop.signal is not None and done.is_stopped:
        warnings.append(
            f"stopped by {stop.signal.name}: {done.sent} of {plural(count, 'event')} sent"
        )
        code = 128 + stop.signal
    return Outcome(answer=answer, warnings=warnings, exit=code)


def _span(
    call: CommandContext, since: str | None, until: str | None, ticket: str | None
) -> EventSpan:
    from savctl.persistence.tickets.tickets import Tickets
    from savctl.usecases.events.outbox import EventSpan

    if since is None and ticket is None:
        raise InvalidInput("name the events: --since TIME, --ticket TKT, or both")
    begin, end = call.span(since, until)
    ticket_id = None
    if ticket is not None:
        with call.database.reading() as connection:
            ticket_id = Tickets(connection).get(reference(ticket)).id
    return EventSpan(since=begin, until=end, ticket_id=ticket_id)


@command(group, "setup", writes=True, examples=["savctl event setup --dry-run"])
def setup(call: CommandContext) -> Answer:
    """Make the durable topic exchange.

    An exchange that exists is left as it is. Queues belong to their consumers.
    """
    broker = _broker(call) if not call.dry_run else call.app.broker
    if call.dry_run or broker is None:
        call.note("dry run: nothing was made")
    else:
        broker.declare()
    row = {
        "broker": broker.name if broker is not None else None,
        "exchange": "sav_exchange",
        "type": "topic",
        "durable": True,
    }
    return Answer(rows=[row], is_one=True, key="exchange")


def _broker(call: CommandContext) -> Broker:
    if call.app.broker is None:
        raise ConfigurationError(
            "no broker is configured: events wait in the outbox",
            hint="Set SAVCTL_BROKER_URL, or RABBITMQ_HOST and its companions.",
        )
    return call.app.broker


def _limit(fail_on: str | None) -> timedelta | None:
    if fail_on is None:
        return None
    name, separator, span = fail_on.partition(">")
    if name.strip() != "age" or not separator:
        raise InvalidInput(f"--fail-on {fail_on!r}: write it as 'age>5m'")
    return times.span(span)
