"""Looking after the outbox by hand: try again, give up, send once more, clean up."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from savctl.domain.clock import second_text
from savctl.domain.events.publish_window import BrokerVerdict, OutboxEvent
from savctl.domain.text import plural
from savctl.errors import NotFound, Refused
from savctl.persistence.backups.restored import release_held_events
from savctl.persistence.engine import Database
from savctl.persistence.events import event_reads, outbox_queue
from savctl.persistence.unit_of_work import Fence, UnitOfWork, in_transaction
from savctl.ports import Broker, BrokerUnavailable, Clock, Publisher
from savctl.usecases.operation import Operation

_PAGE = 1_000
_LOOK_SECONDS = 0.5
_SILENCE_SECONDS = 90.0
_SILENCE_AT_STOP_SECONDS = 5.0


@dataclass(frozen=True, slots=True, kw_only=True)
class EventSpan:
    """Which published events: of a time range, `until` not included, or of one ticket."""

    since: datetime | None = None
    until: datetime | None = None
    ticket_id: int | None = None


def outbox_status(database: Database, clock: Clock) -> Mapping[str, Any]:
    """How many events wait, and how long the oldest has waited."""
    with database.reading() as connection:
        return outbox_queue.counts(connection, now=clock())


@dataclass(frozen=True, slots=True, kw_only=True)
class Outlook:
    """What a relay would find: events that wait, those that may go now, old ones to remove."""

    waiting: int
    sendable: int
    removable: int


def release_after_restore(operation: Operation) -> int:
    """Let the events that a restore held be sent after all; answers how many (rules 17.4)."""

    def work(uow: UnitOfWork) -> int:
        released = release_held_events(uow.connection)
        details = {"released": released}
        uow.audit.note(
            "events_released", actor=operation.actor, at=operation.clock(), details=details
        )
        return released

    return in_transaction(operation.database, work)


def relay_outlook(database: Database, clock: Clock, *, keep: timedelta) -> Outlook:
    """Look at what a relay would do now."""
    now = clock()
    with database.reading() as connection:
        return Outlook(
            waiting=outbox_queue.counts(connection, now=now)["waiting"],
            sendable=outbox_queue.count_sendable(connection, now=now),
            removable=outbox_queue.count_deletable(connection, before=now - keep),
        )


def retry_events(
    op: Operation,
    refs: Sequence[str],
) -> list[int]:
    """Let set-aside or delayed events go again.

    Raises:
        NotFound: no such event.
        Refused: one was published or given up; nothing was changed.
    """

    def work(uow: UnitOfWork) -> list[int]:
        ids = list(dict.fromkeys(_ids(uow, refs)))
        if outbox_queue.requeue(uow.connection, ids) < len(ids):
            raise Refused("only events that were neither published nor skipped can go again")
        _note_retry(uow, op.clock, ids, op.actor)
        return ids

    return in_transaction(op.database, work, dry_run=op.dry_run)


def retry_dead_events(op: Operation) -> Iterator[int]:
    """Let every event that was set aside go again, batch by batch; answers their ids."""
    after_id = 0

    def work(uow: UnitOfWork) -> list[int]:
        ids = outbox_queue.dead_ids(uow.connection, after_id=after_id, limit=_PAGE)
        if ids:
            outbox_queue.requeue(uow.connection, ids)
            _note_retry(uow, op.clock, ids, op.actor)
        return ids

    while ids := in_transaction(op.database, work, dry_run=op.dry_run):
        yield from ids
        after_id = ids[-1]


def skip_event(op: Operation, ref: str) -> int:
    """Give up one event for good; the later ones of its ticket go on.

    Raises:
        NotFound: no such event.
        Refused: it was published or given up already.
    """

    def work(uow: UnitOfWork) -> int:
        [event_id] = _ids(uow, [ref])
        if not outbox_queue.skip(uow.connection, event_id, at=op.clock()):
            raise Refused(f"event {ref} was published or skipped already")
        uow.audit.note("event_skip", actor=op.actor, at=op.clock(), details={"events": [event_id]})
        return event_id

    return in_transaction(op.database, work, dry_run=op.dry_run)


def count_replayed(database: Database, span: EventSpan) -> int:
    """How many events `replay_events` would send."""
    with database.reading() as connection:
        return outbox_queue.count_published(connection, **_limits(span))


@dataclass(slots=True)
class Replayed:
    """How many events were sent once more, and how many the broker refused."""

    sent: int = 0
    refused: int = 0
    is_stopped: bool = False


def replay_events(
    op: Operation,
    broker: Broker,
    span: EventSpan,
    *,
    should_stop: Callable[[], bool] = lambda: False,
) -> Replayed:
    """Send published events once more, page by page, marked as replayed.

    They keep their `message_id`: a consumer that drops repeats is not disturbed.

    Raises:
        BrokerGone: the line broke; what was sent before stays sent.
    """
    done = Replayed()
    publisher = broker.connect(held=())
    try:
        after_id = 0
        while page := _published(op.database, span, after_id):
            done.is_stopped = should_stop()
            if done.is_stopped:
                break
            after_id = page[-1].id
            publisher.send(page)
            _await(publisher, len(page), done, should_stop)
    except BrokerUnavailable as problem:
        raise BrokerUnavailable(
            f"{problem.message}; {plural(done.sent, 'event')} sent before",
            hint="The same command sends them all again, under the same message_id.",
        ) from problem
    finally:
        publisher.close()
        _note_replay(op.database, op.clock, span, done.sent, op.actor)
    return done


def _await(
    publisher: Publisher, count: int, done: Replayed, should_stop: Callable[[], bool]
) -> None:
    heard_at = time.monotonic()
    while count:
        settled = publisher.settled(wait_seconds=_LOOK_SECONDS)
        taken = sum(one.verdict is BrokerVerdict.CONFIRMED for one in settled)
        done.sent += taken
        done.refused += len(settled) - taken
        count -= len(settled)
        now = time.monotonic()
        heard_at = now if settled else heard_at
        if now - heard_at > (_SILENCE_AT_STOP_SECONDS if should_stop() else _SILENCE_SECONDS):
            raise BrokerUnavailable("the broker confirms nothing any more")


def delete_old_events(
    database: Database,
    clock: Clock,
    *,
    keep: timedelta,
    fence: Fence | None = None,
    should_stop: Callable[[], bool] = lambda: False,
) -> int:
    """Remove events published longer ago than `keep`, batch by batch; answers how many."""
    before = clock() - keep
    removed = 0
    while not should_stop():
        count = in_transaction(
            database,
            lambda uow: outbox_queue.delete_published(uow.connection, before=before, limit=_PAGE),
            fence=fence,
        )
        removed += count
        if count < _PAGE:
            break
    return removed


def _limits(span: EventSpan) -> dict[str, Any]:
    return {"since": span.since, "until": span.until, "ticket_id": span.ticket_id}


def _published(database: Database, span: EventSpan, after_id: int) -> list[OutboxEvent]:
    with database.reading() as connection:
        return outbox_queue.published_page(
            connection, **_limits(span), after_id=after_id, limit=_PAGE
        )


def _note_replay(
    database: Database, clock: Clock, span: EventSpan, sent: int, by: int | None
) -> None:
    details = {
        "sent": sent,
        "ticket_id": span.ticket_id,
        "since": second_text(span.since) if span.since else None,
        "until": second_text(span.until) if span.until else None,
    }
    in_transaction(
        database,
        lambda uow: uow.audit.note("event_replay", actor=by, at=clock(), details=details),
    )


def _note_retry(uow: UnitOfWork, clock: Clock, ids: Sequence[int], by: int | None) -> None:
    details = {"events": list(ids), "count": len(ids)}
    uow.audit.note("event_retry", actor=by, at=clock(), details=details)


def _ids(uow: UnitOfWork, refs: Sequence[str]) -> list[int]:
    ids = []
    for ref in refs:
        row = event_reads.find_event(uow.connection, ref)
        if row is None:
            raise NotFound(f"no event {ref[:60]}", hint="Run 'savctl event list' to list events.")
        ids.append(int(row["id"]))
    return ids
