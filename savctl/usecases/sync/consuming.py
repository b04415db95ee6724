"""From the queues into the database: nothing lost, nothing twice (rules 14.2).

A batch is one transaction, acknowledged after its commit: a process that dies in between gets
its messages again, and the inbox knows them. No transaction is open while messages are awaited.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from savctl.errors import NotPermitted, SavError, SchemaMismatch, Unavailable
from savctl.persistence.engine import Database
from savctl.persistence.unit_of_work import Fence, in_transaction
from savctl.ports import Clock, Receiver
from savctl.usecases.sync.intake import IntakeOptions, ReadMessage, read_all, refused, take_in
from savctl.usecases.sync.report import SyncCounts

_log = logging.getLogger("savctl.sync")
_WAIT_SECONDS = 0.2
_FATAL = (Unavailable, NotPermitted, SchemaMismatch)  # as for every message


@dataclass(frozen=True, slots=True, kw_only=True)
class ConsumeOptions:
    """Under which terms messages are taken in.

    `batch` is how many go into one transaction; `most` ends the work after so many, 0 never;
    `until_empty` ends it when nothing waits. `on_batch` gets what a committed batch did.
    """

    intake: IntakeOptions
    batch: int = 50
    most: int = 0
    until_empty: bool = False
    dry_run: bool = False
    fence: Fence | None = None
    should_stop: Callable[[], bool] = lambda: False
    on_batch: Callable[[SyncCounts], None] = lambda _: None


def consume(
    database: Database, receiver: Receiver, clock: Clock, *, options: ConsumeOptions
) -> None:
    """Take messages in until asked to stop, or until the options end it.

    A dry run stores and acknowledges nothing.

    Raises:
        BrokerUnavailable: the line broke; what was not acknowledged is delivered again.
        Unavailable: the database is away; nothing of the batch was acknowledged.
    """
    taken = 0
    while not options.should_stop():
        most = min(options.batch, options.most - taken) if options.most else options.batch
        if most <= 0:
            return
        messages = receiver.receive(most=most, wait_seconds=_WAIT_SECONDS)
        if messages:
            _store(database, read_all(messages, options.intake), clock, options)
            if not options.dry_run:
                receiver.acknowledge(messages)
            taken += len(messages)
        elif options.until_empty and not receiver.waiting():
            return


def _store(
    database: Database, messages: Sequence[ReadMessage], clock: Clock, options: ConsumeOptions
) -> None:
    """Store a batch; when it fails, one by one, so that one bad message costs itself only."""
    try:
        counts = _store_once(database, messages, clock, options)
    except _FATAL:
        raise
    except Exception as problem:
        if len(messages) > 1:
            for message in messages:
                _store(database, [message], clock, options)
            return
        _log_refused(problem)
        dead = refused(messages[0], f"cannot be stored: {_named(problem)}")
        counts = _store_once(database, [dead], clock, options)
    options.on_batch(counts)


def _store_once(
    database: Database, messages: Sequence[ReadMessage], clock: Clock, options: ConsumeOptions
) -> SyncCounts:
    return in_transaction(
        database,
        lambda uow: take_in(uow, messages, options.intake, now=clock()),
        dry_run=options.dry_run,
        fence=options.fence,
    )


def _log_refused(problem: Exception) -> None:
    _log.error(
        "A message cannot be stored and is set aside: %s",
        _named(problem),
        extra={"event": "message_refused"},
        exc_info=None if isinstance(problem, SavError) else problem,
    )


def _named(problem: Exception) -> str:
    """What is wrong, without the values that the message holds."""
    return problem.message if isinstance(problem, SavError) else type(problem).__name__
