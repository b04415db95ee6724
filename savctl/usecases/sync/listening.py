"""Consumers that stay: a broker or a database that is away is awaited (rules 14.3)."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from random import random

from savctl.domain.events.backoff import pause
from savctl.errors import SavError
from savctl.persistence.engine import Database
from savctl.ports import BrokerUnavailable, Clock, QueueMissing, Queues
from savctl.usecases.sync.consuming import ConsumeOptions, consume

_LONGEST_PAUSE = timedelta(seconds=30)
_NAP_SECONDS = 0.1
WAITED_FOR: tuple[type[SavError], ...] = (BrokerUnavailable, QueueMissing)


@dataclass(frozen=True, slots=True, kw_only=True)
class Listening:
    """What is listened to, and what is done about trouble.

    `waits_for` are the failures that are waited out; `on_trouble` gets each, `on_line` is called
    when the line is open again.
    """

    queues: Sequence[str]
    prefetch: int = 50
    waits_for: tuple[type[SavError], ...] = WAITED_FOR
    on_trouble: Callable[[SavError], None] = field(default=lambda _: None)
    on_line: Callable[[], None] = field(default=lambda: None)


def consume_once(
    database: Database,
    broker: Queues,
    clock: Clock,
    *,
    queues: Sequence[str],
    prefetch: int,
    options: ConsumeOptions,
) -> None:
    """Open a line, take in what the options ask for, close it.

    Raises:
        BrokerUnavailable: nobody answers, or the line broke.
        QueueMissing: a queue is not there.
    """
    # nothing makes room in a dry run, as nothing is acknowledged
    receiver = broker.listen(queues, prefetch=0 if options.dry_run else prefetch)
    try:
        consume(database, receiver, clock, options=options)
    finally:
        receiver.close()


def stay(
    database: Database,
    broker: Queues,
    clock: Clock,
    *,
    listening: Listening,
    options: ConsumeOptions,
) -> None:
    """Take messages in until the options end it; open the line again whenever it breaks."""
    failures = 0

    def on_line() -> None:
        nonlocal failures
        failures = 0
        listening.on_line()

    while not options.should_stop():
        try:
            receiver = broker.listen(listening.queues, prefetch=listening.prefetch)
            try:
                on_line()
                consume(database, receiver, clock, options=options)
                return
            finally:
                receiver.close()
        except listening.waits_for as problem:
            failures += 1
            listening.on_trouble(problem)
            _sleep(pause(failures, longest=_LONGEST_PAUSE, draw=random), options.should_stop)


def _sleep(span: timedelta, should_stop: Callable[[], bool]) -> None:
    end = time.monotonic() + span.total_seconds()
    while time.monotonic() < end and not should_stop():
        time.sleep(_NAP_SECONDS)
