"""From the outbox to the broker: nothing lost, each ticket in order (rules 8; design 3).

One relay at a time, by lease; every mark it writes is fenced. No transaction is open while the
broker is spoken to. An event is marked only after its confirm, so a crash in between sends it
again with the same `message_id`.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from savctl.domain.backoff import pause
from savctl.domain.window import Verdict
from savctl.persistence import outbox_queue
from savctl.persistence.engine import Database
from savctl.persistence.outbox_queue import Refusal
from savctl.persistence.unit_of_work import Fence, UnitOfWork, in_transaction
from savctl.ports import Broker, BrokerGone, Clock, Publisher, Settled

_PAGE = 1_000
_AHEAD = 4_000  # events handed to the publisher and not settled: what memory is bounded by
_MARKED = 1_000
_WAIT_SECONDS = 0.2
_SILENCE = timedelta(seconds=90)
_NOBODY_LISTENS = 100  # so many unroutable ones in a row: no queue is bound


@dataclass(slots=True)
class RelayReport:
    """What one drain did; `held` waits behind a refused event of its ticket."""

    published: int = 0
    refused: int = 0
    dead: int = 0
    held: int = 0
    reasons: dict[str, int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class RelayTerms:
    """Under which terms events are sent: `attempts` refusals make an event dead."""

    attempts: int = 10
    fence: Fence | None = None
    should_stop: Callable[[], bool] = lambda: False
    draw: Callable[[], float] = random.random


def drain(
    database: Database, broker: Broker, clock: Clock, *, terms: RelayTerms, report: RelayReport
) -> None:
    """Send what waits until nothing that may go is left, or until asked to stop.

    Raises:
        BrokerGone: the line broke; what was confirmed before is marked.
        ConfigurationError: the exchange is missing.
        LeaseLost: another host has taken over.
    """
    with database.reading() as connection:
        if not outbox_queue.waiting_page(connection, after_id=0, limit=1, now=clock()):
            return
        held = outbox_queue.held_tickets(connection, now=clock())
    publisher = broker.connect(held=held)
    try:
        _Drain(database, publisher, clock, terms, report).run()
    finally:
        publisher.close()


class _Drain:
    """One pass over the outbox: reads ahead, hands over, marks what is settled."""

    def __init__(
        self,
        database: Database,
        publisher: Publisher,
        clock: Clock,
        terms: RelayTerms,
        report: RelayReport,
    ) -> None:
        self._database = database
        self._publisher = publisher
        self._clock = clock
        self._terms = terms
        self._report = report
        self._after_id = 0
        self._at_end = False
        self._outstanding: set[int] = set()
        self._confirmed: list[int] = []
        self._refused: list[Settled] = []
        self._unroutable_in_a_row = 0

    def run(self) -> None:
        heard_at = self._clock()
        try:
            while not (self._at_end and not self._outstanding):
                self._read_ahead()
                settled = self._publisher.settled(wait_seconds=_WAIT_SECONDS)
                heard_at = self._clock() if settled else heard_at
                self._note(settled)
                if len(self._confirmed) >= _MARKED or not settled:
                    self._mark()
                if self._outstanding and self._clock() - heard_at > _SILENCE:
                    raise BrokerGone("the broker confirms nothing any more")
        finally:
            self._mark()

    def _read_ahead(self) -> None:
        """Keep the publisher busy; after a stop only what is under way is waited for."""
        if self._terms.should_stop():
            self._at_end = True
        while not self._at_end and len(self._outstanding) < _AHEAD:
            with self._database.reading() as connection:
                page = outbox_queue.waiting_page(
                    connection, after_id=self._after_id, limit=_PAGE, now=self._clock()
                )
            if not page:
                self._at_end = True
                return
            self._after_id = page[-1].id
            self._outstanding.update(event.id for event in page)
            self._publisher.send(page)

    def _note(self, settled: Sequence[Settled]) -> None:
        for one in settled:
            self._outstanding.discard(one.id)
            if one.verdict is Verdict.CONFIRMED:
                self._confirmed.append(one.id)
                self._unroutable_in_a_row = 0
            elif one.verdict is None:
                self._report.held += 1
            else:
                self._refused.append(one)
                self._unroutable_in_a_row += one.verdict is Verdict.UNROUTABLE
        if self._unroutable_in_a_row >= _NOBODY_LISTENS:
            self._at_end = True  # not the events' fault: do not use up the attempts of them all

    def _mark(self) -> None:
        if not self._confirmed and not self._refused:
            return
        now = self._clock()

        def work(uow: UnitOfWork) -> list[Refusal]:
            if self._confirmed:
                outbox_queue.mark_published(uow.connection, self._confirmed, at=now)
            refusals = self._judged(uow, now)
            outbox_queue.mark_refused(uow.connection, refusals, at=now)
            return refusals

        refusals = in_transaction(self._database, work, fence=self._terms.fence)
        self._report.published += len(self._confirmed)
        self._report.refused += len(refusals)
        self._report.dead += sum(refusal.again_at is None for refusal in refusals)
        for refusal in refusals:
            reasons = self._report.reasons
            reasons[refusal.reason] = reasons.get(refusal.reason, 0) + 1
        self._confirmed, self._refused = [], []

    def _judged(self, uow: UnitOfWork, now: datetime) -> list[Refusal]:
        """When each refused event is tried again; never, once it was refused too often."""
        if not self._refused:
            return []
        before = outbox_queue.attempts_of(uow.connection, [one.id for one in self._refused])
        refusals = []
        for one in self._refused:
            attempt = before.get(one.id, 0) + 1
            is_over = one.verdict is Verdict.TOO_LARGE or attempt >= self._terms.attempts
            again_at = None if is_over else now + pause(attempt, draw=self._terms.draw)
            refusals.append(Refusal(id=one.id, reason=one.reason, again_at=again_at))
        return refusals
