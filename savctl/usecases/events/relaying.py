"""From the outbox to the broker: nothing lost, each ticket in order (rules 8; design 3).

One relay at a time, by lease; every mark it writes is fenced. No transaction is open while the
broker is used. An event is marked only after its confirm, so a crash in between sends it
again with the same `message_id`.
"""

from __future__ import annotations

import random
import time
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from savctl.domain.events.backoff import pause
from savctl.domain.events.publish_window import BrokerVerdict, OutboxEvent
from savctl.domain.metrics.histogram import Histogram
from savctl.persistence.engine import Database
from savctl.persistence.events import outbox_queue
from savctl.persistence.events.event_totals import CONFIRM_BOUNDS, count_relayed
from savctl.persistence.events.outbox_queue import Refusal
from savctl.persistence.unit_of_work import Fence, UnitOfWork, in_transaction
from savctl.ports import Broker, BrokerUnavailable, Clock, Publisher, Settled

_PAGE = 1_000
_AHEAD = 4_000  # events handed to the publisher and not settled: what memory is bounded by
_MARKED = 1_000
_MARK_SECONDS = 0.25  # or so often, so that a relay that dies young gets on all the same
_WAIT_SECONDS = 0.2
_SILENCE_SECONDS = 90.0
_SILENCE_AT_STOP_SECONDS = 5.0
_NOBODY_TAKES = 100  # so many of a key refused in a row: it is the broker's state, not the events


@dataclass(slots=True)
class RelayReport:
    """What one drain did; `held` waits behind a refused event of its ticket.

    `unwanted`: routing keys of which so many were refused in a row that no more were sent.
    """

    published: int = 0
    refused: int = 0
    dead: int = 0
    held: int = 0
    unwanted: set[str] = field(default_factory=set)
    again: Counter[str] = field(default_factory=Counter)  # by reason: tried again later
    given_up: Counter[str] = field(default_factory=Counter)  # by reason: set aside as dead

    def add(self, other: RelayReport) -> None:
        """Count what another drain did."""
        self.published += other.published
        self.refused += other.refused
        self.dead += other.dead
        self.held += other.held
        self.unwanted |= other.unwanted
        self.again += other.again
        self.given_up += other.given_up


@dataclass(frozen=True, slots=True, kw_only=True)
class RelayOptions:
    """Under which terms events are sent: `attempts` refusals make an event dead.

    `on_published` is called with the number of events whose publication was just stored.
    """

    attempts: int = 100
    fence: Fence | None = None
    should_stop: Callable[[], bool] = lambda: False
    draw: Callable[[], float] = random.random
    on_published: Callable[[int], None] = lambda _: None


def drain(
    database: Database, broker: Broker, clock: Clock, *, terms: RelayOptions, report: RelayReport
) -> None:
    """Send what waits until nothing that may go is left, or until asked to stop.

    Raises:
        BrokerGone: the line broke; what was confirmed before is marked.
        ConfigurationError: the exchange is missing.
        LeaseLost: another host has taken over.
    """
    while _RelayPass(database, clock, terms, report).run(broker):
        pass


class _RelayPass:
    """One pass over the outbox: reads ahead, hands over, marks what is settled."""

    def __init__(
        self, database: Database, clock: Clock, terms: RelayOptions, report: RelayReport
    ) -> None:
        self._database = database
        self._clock = clock
        self._terms = terms
        self._report = report
        self._held: set[int] = set()  # tickets of which nothing may go in this pass
        self._blocked_keys: set[str] = set()  # routing keys of which nothing may go
        self._first_blocked_id: dict[int, int] = {}  # by ticket, its first event under such a key
        self._after_id = 0
        self._at_end = False
        self._is_another_due = False
        self._outstanding: dict[int, OutboxEvent] = {}  # handed over and not settled
        self._sent_at: dict[int, float] = {}  # by event, on the monotonic clock
        self._confirm_seconds = Histogram(CONFIRM_BOUNDS)
        self._confirmed: list[int] = []
        self._refused: list[Settled] = []
        self._refused_in_a_row: Counter[str] = Counter()
        self._is_taken = False  # whether the broker has taken anything in this pass

    def run(self, broker: Broker) -> bool:
        """Send; the broker is contacted only if something may go. True: pass once more."""
        with self._database.reading() as connection:
            self._held = outbox_queue.held_tickets(connection, now=self._clock())
        first = self._next_page()
        if first:
            publisher = broker.connect(held=self._held)
            try:
                publisher.send(first)
                self._work(publisher)
            finally:
                publisher.close()
        is_another_due = self._is_another_due and not self._blocked_keys
        return is_another_due and not self._terms.should_stop()

    def _work(self, publisher: Publisher) -> None:
        heard_at = marked_at = time.monotonic()
        try:
            while not (self._at_end and not self._outstanding):
                self._read_ahead(publisher)
                settled = publisher.settled(wait_seconds=_WAIT_SECONDS)
                now = time.monotonic()
                heard_at = now if settled else heard_at
                self._note(settled)
                if len(self._confirmed) >= _MARKED or now - marked_at > _MARK_SECONDS:
                    self._mark()
                    marked_at = now
                silence = now - heard_at
                if self._terms.should_stop() and silence > _SILENCE_AT_STOP_SECONDS:
                    return  # what is not confirmed goes again, as after a crash
                if silence > _SILENCE_SECONDS:
                    raise BrokerUnavailable("the broker confirms nothing any more")
        finally:
            self._mark()

    def _read_ahead(self, publisher: Publisher) -> None:
        """Keep the publisher busy; after a stop only what is under way is waited for.

        Few are sent until the first is taken: where no queue is bound, each pass would use up
        an attempt of all that were handed over.
        """
        ahead = _AHEAD if self._is_taken else _NOBODY_TAKES
        while len(self._outstanding) < ahead:
            page = self._next_page()
            if not page:
                return
            publisher.send(page)

    def _next_page(self) -> list[OutboxEvent]:
        """The next events that may go; empty at the end."""
        while not self._at_end and not self._terms.should_stop():
            page = self._read()
            free = [event for event in page if self._may_go(event)]
            self._report.held += len(page) - len(free)
            self._at_end = not page
            if free:
                self._outstanding.update((event.id, event) for event in free)
                self._sent_at |= dict.fromkeys((event.id for event in free), time.monotonic())
                return free
        self._at_end = True
        return []

    def _may_go(self, event: OutboxEvent) -> bool:
        """Asked in order: what comes before a ticket's unwanted event goes, the later ones not."""
        if event.id > self._first_blocked_id.get(event.ticket_id, event.id):
            self._held.add(event.ticket_id)
        return event.ticket_id not in self._held

    def _read(self) -> list[OutboxEvent]:
        """Read a page. An event that came in behind our back holds its ticket for this pass."""
        with self._database.reading() as connection:
            page = outbox_queue.waiting_page(
                connection,
                after_id=self._after_id,
                limit=_PAGE if self._is_taken else _NOBODY_TAKES,
                now=self._clock(),
                without=self._blocked_keys,
            )
            tickets = {event.ticket_id for event in page} - self._held
            if tickets and self._blocked_keys:
                self._first_blocked_id = outbox_queue.first_waiting(
                    connection, tickets, keys=self._blocked_keys
                )
            if tickets and self._after_id:
                late = outbox_queue.late_tickets(
                    connection,
                    tickets,
                    up_to_id=self._after_id,
                    known=self._outstanding.keys() | set(self._confirmed),
                )
                self._held |= late
                self._is_another_due = self._is_another_due or bool(late)
        self._after_id = page[-1].id if page else self._after_id
        return page

    def _note(self, settled: Sequence[Settled]) -> None:
        now = time.monotonic()
        for one in settled:
            event, sent_at = self._outstanding.pop(one.id), self._sent_at.pop(one.id)
            if one.verdict is BrokerVerdict.CONFIRMED:
                self._confirm_seconds.add(now - sent_at)
                self._confirmed.append(one.id)
                self._refused_in_a_row[event.routing_key] = 0
                self._is_taken = True
            elif one.verdict is None:
                self._report.held += 1
            else:
                self._held.add(event.ticket_id)
                self._refused.append(one)
                if one.verdict is not BrokerVerdict.TOO_LARGE:
                    self._note_refused(event.routing_key)

    def _note_refused(self, key: str) -> None:
        """Where nobody takes a key, do not use up the attempts of all that wait under it."""
        self._refused_in_a_row[key] += 1
        if self._refused_in_a_row[key] >= _NOBODY_TAKES:
            self._blocked_keys.add(key)
            self._report.unwanted.add(key)

    def _mark(self) -> None:
        if not self._confirmed and not self._refused:
            return
        now, seconds = self._clock(), self._confirm_seconds.taken()

        def work(uow: UnitOfWork) -> list[Refusal]:
            if self._confirmed:
                outbox_queue.mark_published(uow.connection, self._confirmed, at=now)
            refusals = self._judged(uow, now)
            outbox_queue.mark_refused(uow.connection, refusals, at=now)
            count_relayed(
                uow.connection,
                published=len(self._confirmed),
                refused=len(refusals),
                confirmed=seconds,
            )
            return refusals

        refusals = in_transaction(self._database, work, fence=self._terms.fence)
        self._report.published += len(self._confirmed)
        self._report.refused += len(refusals)
        self._report.dead += sum(refusal.again_at is None for refusal in refusals)
        for refusal in refusals:
            is_dead = refusal.again_at is None
            (self._report.given_up if is_dead else self._report.again)[refusal.reason] += 1
        published = len(self._confirmed)
        self._confirmed, self._refused = [], []
        self._terms.on_published(published)

    def _judged(self, uow: UnitOfWork, now: datetime) -> list[Refusal]:
        """When each refused event is tried again; never, once it was refused too often."""
        if not self._refused:
            return []
        before = outbox_queue.attempts_of(uow.connection, [one.id for one in self._refused])
        refusals = []
        for one in self._refused:
            attempt = before.get(one.id, 0) + 1
            is_over = one.verdict is BrokerVerdict.TOO_LARGE or attempt >= self._terms.attempts
            again_at = None if is_over else now + pause(attempt, draw=self._terms.draw)
            refusals.append(Refusal(id=one.id, reason=one.reason, again_at=again_at))
        return refusals
