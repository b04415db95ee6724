"""`savctl sync setup, consume`."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated

import typer

from savctl.cli.framework.command import command
from savctl.cli.framework.context import CommandContext
from savctl.cli.framework.output import Answer, Outcome
from savctl.cli.framework.params import whole
from savctl.cli.sync import group
from savctl.cli.sync._broker import bindings, queues
from savctl.errors import SavError, Unavailable

_LOOK_SECONDS = 1.0

if TYPE_CHECKING:
    from collections.abc import Callable

    from savctl.ports import Queues
    from savctl.usecases.sync.consuming import ConsumeOptions
    from savctl.usecases.sync.report import SyncCounts


@command(
    group,
    "setup",
    writes=True,
    examples=["savctl sync setup --dry-run", "savctl sync setup --exchanges --dry-run"],
)
def setup(
    call: CommandContext,
    exchanges: Annotated[
        bool,
        typer.Option("--exchanges", help="Make the other services' exchanges where they lack."),
    ] = False,
) -> Answer:
    """Make the queues, bound to the exchanges of the other services.

    What exists is left as it is.
    """
    wanted = bindings(call)
    if call.dry_run:
        call.note("dry run: nothing was made")
    else:
        queues(call).set_up(wanted, exchanges=exchanges)
    rows = [
        {"queue": one.queue, "exchange": one.exchange, "routing_key": one.routing_key}
        for one in wanted
    ]
    return Answer(rows=rows, columns=("queue", "exchange", "routing_key"), key="queue")


@command(
    group,
    "consume",
    writes=True,
    examples=["savctl sync consume --once", "savctl sync consume --once --max 1000"],
)
def consume(
    call: CommandContext,
    once: Annotated[
        bool, typer.Option("--once", help="Take in what waits now, then end.")
    ] = False,
    most: Annotated[
        int | None,
        typer.Option(
            "--max", metavar="N", parser=whole("--max"), help="End after so many messages."
        ),
    ] = None,
) -> Answer | Outcome:
    """Take in the messages of the auth service and the orders service.

    Without --once, stay until a signal. Any number of consumers may work at the same time.
    """
    import logging

    from savctl.scheduling.stop import stopping_on_signals
    from savctl.usecases.sync.report import SyncCounts

    call.start_log(logging.INFO if call.verbose else logging.WARNING)
    broker, total = queues(call), SyncCounts()
    stays = not (once or call.dry_run)
    with stopping_on_signals() as stop:
        if not stays or _await_database(call, stop.is_set):
            options = _options(call, stop.is_set, total, most=most or 0, stays=stays)
            (_stay if stays else _once)(call, broker, options)
    if call.dry_run:
        call.note("dry run: nothing was stored or acknowledged")
    if total.dead:
        call.warn(f"{total.dead} set aside: savctl sync dead list shows why")
    answer = Answer(rows=[_row(total)], is_one=True, as_record=True, key="received")
    if stop.signal is not None:
        return Outcome(answer=answer, exit=128 + stop.signal)
    return answer


def _await_database(call: CommandContext, should_stop: Callable[[], bool]) -> bool:
    """Wait for a database that is away: a consumer that stays outlives it (rules 14.3).

    False: somebody asked to stop before it was there.
    """
    import logging
    import time

    log, is_reported = logging.getLogger("savctl.sync"), False
    while not should_stop():
        try:
            _ = call.database, call.policies
        except Unavailable as problem:
            level = logging.DEBUG if is_reported else logging.WARNING
            log.log(level, "%s", problem.message, extra={"event": "sync_trouble"})
            is_reported = True
            time.sleep(_LOOK_SECONDS)
        else:
            return True
    return False


def _once(call: CommandContext, broker: Queues, options: ConsumeOptions) -> None:
    from savctl.usecases.sync.listening import consume_once

    names = [one.queue for one in bindings(call)]
    prefetch = call.settings.sync_prefetch
    consume_once(
        call.database, broker, call.clock, queues=names, prefetch=prefetch, options=options
    )


def _stay(call: CommandContext, broker: Queues, options: ConsumeOptions) -> None:
    """Wait out a broker or a database that is away, and say so once."""
    import logging

    from savctl.scheduling.troubles import Troubles
    from savctl.usecases.sync.listening import WAITED_FOR, Listening, stay

    log, troubles = logging.getLogger("savctl.sync"), Troubles()

    def on_trouble(problem: SavError) -> None:
        text = f"{problem.message}. {problem.hint or ''}".rstrip()
        troubles.report("trouble", text, by="consumer", event="sync_trouble", log=log)

    def on_line() -> None:
        text = f"Messages arrive again from {broker.name}."
        if troubles.is_open("trouble"):
            troubles.settle("consumer", event="sync_recovered", log=log, message=text)

    listening = Listening(
        queues=[one.queue for one in bindings(call)],
        prefetch=call.settings.sync_prefetch,
        waits_for=(*WAITED_FOR, Unavailable),
        on_trouble=on_trouble,
        on_line=on_line,
    )
    stay(call.database, broker, call.clock, listening=listening, options=options)


def _options(
    call: CommandContext,
    should_stop: Callable[[], bool],
    total: SyncCounts,
    *,
    most: int,
    stays: bool,
) -> ConsumeOptions:
    from savctl.usecases.erasure.sync_hook import StoredErasures
    from savctl.usecases.sync.consuming import ConsumeOptions
    from savctl.usecases.sync.intake import IntakeOptions

    return ConsumeOptions(
        intake=IntakeOptions(
            policies=call.policies,
            largest=call.settings.sync_largest,
            largest_id=call.database.largest_id,
            erasure=StoredErasures(call.settings.erasure_key),
        ),
        batch=2 * call.settings.sync_prefetch,  # what both queues have under way
        most=most,
        until_empty=not stays,
        dry_run=call.dry_run,
        should_stop=should_stop,
        on_batch=total.add,
    )


def _row(total: SyncCounts) -> dict[str, object]:
    """The counts, and beside them those that every report of a job has."""
    return {
        **asdict(total),
        "seen": total.received,
        "changed": total.applied,
        "skipped": total.received - total.applied,
        "failed": 0,
        "left": 0,
    }
