"""One batch of messages, in one transaction: inbox, dead messages, users, tickets (rules 14)."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime

from savctl.domain.sla.policy import Policies
from savctl.domain.sync.messages import (
    LARGEST_MESSAGE,
    Message,
    OrderFact,
    UnknownEvent,
    UnusableMessage,
    UserFact,
    UserGone,
    read_message,
)
from savctl.domain.text import MAX_FOREIGN_ID
from savctl.persistence.sync.dead import DeadMessage, DeadMessages
from savctl.persistence.sync.inbox import Inbox, count_messages
from savctl.persistence.sync.states import Subject, SyncKind, SyncStates
from savctl.persistence.unit_of_work import UnitOfWork
from savctl.ports import QueueMessage
from savctl.usecases.sync.erasure_hook import Erasure, NoErasure
from savctl.usecases.sync.order_news import take_in_orders
from savctl.usecases.sync.report import SyncCounts
from savctl.usecases.sync.user_news import take_in_users

_LONGEST_NAME = 255


@dataclass(frozen=True, slots=True, kw_only=True)
class IntakeOptions:
    """What decides about messages: limits, the rules of priority, who is erased."""

    policies: Policies = field(default_factory=Policies)
    largest: int = LARGEST_MESSAGE
    largest_id: int = MAX_FOREIGN_ID
    erasure: Erasure = field(default_factory=NoErasure)


@dataclass(frozen=True, slots=True)
class ReadMessage:
    """A message that came, its key in the inbox, and what it says or why it cannot be used."""

    came: QueueMessage
    key: str
    content: Message | UnusableMessage


def read_all(messages: Sequence[QueueMessage], options: IntakeOptions) -> list[ReadMessage]:
    """What each message says."""
    return [ReadMessage(one, inbox_key(one), _content(one, options)) for one in messages]


def refused(message: ReadMessage, reason: str) -> ReadMessage:
    """The same message as one that cannot be used."""
    event = message.content.event if isinstance(message.content, UnknownEvent) else None
    return ReadMessage(message.came, message.key, UnusableMessage(reason, event=event))


def inbox_key(message: QueueMessage) -> str:
    """What makes two deliveries the same message: its `message_id`, else its body."""
    digest = hashlib.sha256(message.queue.encode())
    if message.message_id:
        digest.update(b"\0id\0" + message.message_id.encode("utf-8", "surrogatepass"))
    else:
        digest.update(b"\0body\0" + message.body)
    return digest.hexdigest()


def take_in(
    uow: UnitOfWork, messages: Sequence[ReadMessage], options: IntakeOptions, *, now: datetime
) -> SyncCounts:
    """Take a batch in; a message that was taken in before changes nothing."""
    counts = SyncCounts(received=len(messages))
    new = Inbox(uow.connection).claim([(m.key, m.came.queue) for m in messages], at=now)
    fresh: list[ReadMessage] = []
    for message in messages:
        if message.key in new:
            new.discard(message.key)
            fresh.append(message)
    counts.duplicates = len(messages) - len(fresh)
    _set_aside(uow, fresh, options, counts, now=now)
    contents = [message.content for message in fresh]
    counts.unknown = sum(isinstance(one, UnknownEvent) for one in contents)
    orders = [one for one in contents if isinstance(one, OrderFact)]
    users = [one for one in contents if isinstance(one, UserFact | UserGone)]
    suppressed = set(options.erasure.suppressed(uow, {one.user_id for one in users}))
    wanted = [one for one in users if one.user_id not in suppressed]
    counts.suppressed = len(users) - len(wanted)
    subjects = [Subject(SyncKind.ORDER, one.order.order_id) for one in orders]
    subjects += [Subject(SyncKind.USER, one.user_id) for one in wanted]
    states = SyncStates(uow.connection)
    before = states.lock(subjects, at=now)
    after = dict(before)
    outdated: list[object] = []
    take_in_orders(uow, orders, after, options.policies, counts, outdated, now=now)
    take_in_users(uow, wanted, after, options.erasure, counts, outdated)
    states.save({s: state for s, state in after.items() if state != before[s]}, at=now)
    _count_outcomes(uow, messages, fresh, {id(one) for one in outdated}, suppressed)
    return counts


def _count_outcomes(
    uow: UnitOfWork,
    messages: Sequence[ReadMessage],
    fresh: Sequence[ReadMessage],
    outdated: set[int],
    suppressed: set[int],
) -> None:
    """Raise the totals of each queue; the same objects are fresh, and maybe outdated."""
    new = {id(message) for message in fresh}
    outcomes = Counter[tuple[str, str]]()
    for message in messages:
        outcome = "duplicate"
        if id(message) in new:
            content = message.content
            outcome = "outdated" if id(content) in outdated else _outcome(content, suppressed)
        outcomes[message.came.queue, outcome] += 1
    count_messages(uow.connection, outcomes)


def _outcome(content: Message | UnusableMessage, suppressed: set[int]) -> str:
    if isinstance(content, UnknownEvent):
        return "unknown"
    if isinstance(content, UnusableMessage):
        return "dead"
    if isinstance(content, UserFact | UserGone) and content.user_id in suppressed:
        return "suppressed"
    return "applied"


def _set_aside(
    uow: UnitOfWork,
    messages: Sequence[ReadMessage],
    options: IntakeOptions,
    counts: SyncCounts,
    *,
    now: datetime,
) -> None:
    dead = [
        DeadMessage(
            queue=message.came.queue[:_LONGEST_NAME],
            event=message.content.event,
            message_id=_name(message.came.message_id),
            reason=message.content.message[:500],
            received_at=now,
            size=len(message.came.body),
            body=message.came.body[: options.largest],
        )
        for message in messages
        if isinstance(message.content, UnusableMessage)
    ]
    DeadMessages(uow.connection).add(dead)
    counts.dead = len(dead)


def _name(given: str | None) -> str | None:
    """A text of the sender's, as a column can hold it."""
    return given.encode("utf-8", "replace").decode()[:_LONGEST_NAME] if given else None


def _content(message: QueueMessage, options: IntakeOptions) -> Message | UnusableMessage:
    try:
        return read_message(message.body, largest=options.largest, largest_id=options.largest_id)
    except UnusableMessage as problem:
        return problem
