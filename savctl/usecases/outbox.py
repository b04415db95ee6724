"""Looking after the outbox by hand: try again, give up, send once more, clean up."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from savctl.domain.clock import second_text
from savctl.domain.window import OutboxEvent, Verdict
from savctl.errors import NotFound, Refused
from savctl.persistence import outbox_queue, reads
from savctl.persistence.engine import Database
from savctl.persistence.unit_of_work import Fence, UnitOfWork, in_transaction
from savctl.ports import Broker, BrokerGone, Clock

_PAGE = 1_000
_WAIT_SECONDS = 60


@dataclass(frozen=True, slots=True, kw_only=True)
class Span:
    """Which published events: of a time range, `until` not included, or of one ticket."""

    since: datetime | None = None
    until: datetime | None = None
    ticket_id: int | None = None


def outbox_status(database: Database, clock: Clock) -> Mapping[str, Any]:
    """How many events wait, and how long the oldest has waited."""
    with database.reading() as connection:
        return outbox_queue.counts(connection, now=clock())


def retry_events(
    database: Database,
    clock: Clock,
    refs: Sequence[str] | None,
    *,
    by: int | None,
    dry_run: bool = False,
) -> list[int]:
    """Let set-aside or delayed events go again; None means all that are dead.

    Raises:
        NotFound: no such event.
        Refused: it was published or given up.
    """

    def work(uow: UnitOfWork) -> list[int]:
        ids = _ids(uow, refs) if refs is not None else outbox_queue.dead_ids(uow.connection)
        count = outbox_queue.requeue(uow.connection, ids)
        if refs is not None and count < len(ids):
            raise Refused("only events that were neither published nor skipped can go again")
        if ids:
            details = {"events": ids[:_PAGE], "count": len(ids)}
            uow.audit.note("event_retry", actor=by, at=clock(), details=details)
        return ids

    return in_transaction(database, work, dry_run=dry_run)


def skip_event(
    database: Database, clock: Clock, ref: str, *, by: int | None, dry_run: bool = False
) -> int:
    """Give up one event for good; the later ones of its ticket go on.

    Raises:
        NotFound: no such event.
        Refused: it was published or given up already.
    """

    def work(uow: UnitOfWork) -> int:
        [event_id] = _ids(uow, [ref])
        if not outbox_queue.skip(uow.connection, event_id, at=clock()):
            raise Refused(f"event {ref} was published or skipped already")
        uow.audit.note("event_skip", actor=by, at=clock(), details={"events": [event_id]})
        return event_id

    return in_transaction(database, work, dry_run=dry_run)


def count_replayed(database: Database, span: Span) -> int:
    """How many events `replay_events` would send."""
    with database.reading() as connection:
        return outbox_queue.count_published(connection, **_limits(span))


def replay_events(
    database: Database, clock: Clock, broker: Broker, span: Span, *, by: int | None
) -> tuple[int, int]:
    """Send published events once more, marked as replayed; answers (sent, refused).

    They keep their `message_id`: a consumer that drops repeats is not disturbed.

    Raises:
        BrokerGone: the line broke; what was sent before stays sent.
    """
    after_id = sent = refused = 0
    publisher = broker.connect(held=())
    try:
        while page := _published(database, span, after_id):
            after_id = page[-1].id
            publisher.send(page)
            left = len(page)
            while left:
                settled = publisher.settled(wait_seconds=_WAIT_SECONDS)
                if not settled:
                    raise BrokerGone("the broker confirms nothing any more")
                left -= len(settled)
                sent += sum(one.verdict is Verdict.CONFIRMED for one in settled)
                refused += sum(one.verdict is not Verdict.CONFIRMED for one in settled)
    finally:
        publisher.close()
        _note_replay(database, clock, span, sent, by)
    return sent, refused


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


def _limits(span: Span) -> dict[str, Any]:
    return {"since": span.since, "until": span.until, "ticket_id": span.ticket_id}


def _published(database: Database, span: Span, after_id: int) -> list[OutboxEvent]:
    with database.reading() as connection:
        return outbox_queue.published_page(
            connection, **_limits(span), after_id=after_id, limit=_PAGE
        )


def _note_replay(database: Database, clock: Clock, span: Span, sent: int, by: int | None) -> None:
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


def _ids(uow: UnitOfWork, refs: Sequence[str]) -> list[int]:
    ids = []
    for ref in refs:
        row = reads.find_event(uow.connection, ref)
        if row is None:
            raise NotFound(f"no event {ref}", hint="savctl event list shows those there are.")
        ids.append(int(row["id"]))
    return ids
