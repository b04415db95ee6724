"""A large shop's tickets: the same rows for the same size, so that runs can be compared.

Three years of tickets end at `NOW`. The newest are mostly in work, the old ones mostly closed;
few customers have many tickets, many have one; some threads are long.
"""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import pairwise

from benchmarks.framework.words import prose
from savctl.domain.model.numbers import ticket_number

NOW = datetime(2025, 10, 3, 10, 30, tzinfo=UTC)
SPAN = timedelta(days=1095)
AGENTS = range(10, 50)
FIRST_USER, USERS = 1_000, 200_000
FIRST_ORDER, ORDERS = 500_000, 800_000
LONG_THREAD, LONG_EVERY = 60, 500
LATE_EVERY = 25
DUE_EACH_MINUTE, BUSY_MINUTES = 500, 20

TICKET_COLUMNS = (
    *("id", "ticket_number", "user_id", "subject", "description", "priority", "status"),
    *("category", "assigned_to", "order_id", "metadata"),
    *("resolved_at", "closed_at", "created_at", "updated_at"),
)
MESSAGE_COLUMNS = (
    *("id", "ticket_id", "sender_id", "sender_type", "message", "is_internal"),
    *("read_at", "created_at", "updated_at"),
)
_RECENT = {"open": 20, "in_progress": 30, "waiting_customer": 20, "resolved": 15, "closed": 15}
_OLD = {"open": 1, "in_progress": 5, "waiting_customer": 5, "resolved": 9, "closed": 980}
_PRIORITIES = {"low": 20, "medium": 60, "high": 15, "urgent": 5}
_CATEGORIES = ("delivery", "refund", "payment", "product", "account", "warranty", None)
_SUBJECTS = (
    "Order not received",
    "Colis arrivé abîmé",
    "Refund still missing",
    "Où est ma commande ?",
)
_TEXT = (
    "the parcel was announced for Tuesday and has not arrived, votre suivi dit livré mais je n'ai "
    "rien reçu, could you please look into this and tell me when I can expect a refund or a new "
    "delivery because the order was a present, merci d'avance pour votre réponse rapide"
)
_WORDS = _TEXT.split()

Row = tuple[object, ...]


@dataclass(frozen=True, slots=True)
class Shop:
    """How large; whether every ticket is in one status instead of the usual mixture, and whether
    there are messages. With `active`, so many of the newest are in work and none is late at
    `NOW`, all older ones are closed, and only those in work have messages. With `lived`, the
    steps of a history have times of their own, and some tickets were solved too late. With
    `wordy`, words are as rare and as frequent as those of a language."""

    tickets: int
    only: str | None = None
    talks: bool = True
    active: int = 0
    lived: bool = False
    wordy: bool = False


@dataclass(frozen=True, slots=True)
class Slice:
    """Some tickets with their messages."""

    tickets: Sequence[Row]
    messages: Sequence[Row]


def slices(shop: Shop, size: int = 20_000) -> Iterator[Slice]:
    """All rows of the shop, some thousand tickets at a time."""
    chance = random.Random(shop.tickets)
    made: list[Row] = []
    stored_messages: list[Row] = []
    last_message = 0
    for ticket_id in range(1, shop.tickets + 1):
        made.append(_ticket(shop, ticket_id, chance))
        if shop.talks and (not shop.active or made[-1][6] != "closed"):
            stored_messages += _messages(
                shop, made[-1], last_message, chance, least=2 if shop.active else 1
            )
            last_message = int(str(stored_messages[-1][0]))
        if len(made) == size:
            yield Slice(made, stored_messages)
            made, stored_messages = [], []
    if made:
        yield Slice(made, stored_messages)


def _ticket(shop: Shop, ticket_id: int, chance: random.Random) -> Row:
    age = 1 - ticket_id / shop.tickets
    mixture = _RECENT if age < 0.02 else _OLD
    status = shop.only or _one(mixture, chance)
    priority = _one(_PRIORITIES, chance)
    born = NOW - timedelta(days=4) - age * SPAN + timedelta(seconds=chance.randrange(600))
    if shop.active:
        status, priority = "closed", "medium"
        if ticket_id > shop.tickets - shop.active:
            status, born = _in_work(shop, ticket_id - (shop.tickets - shop.active) - 1)
    agent = None if status == "open" else chance.choice(AGENTS)
    took = timedelta(hours=30)
    if shop.lived:
        took = timedelta(minutes=200 if ticket_id % LATE_EVERY else 5_000)
    resolved_at = born + took if status in {"resolved", "closed"} else None
    closed_at = born + took + timedelta(hours=30) if status == "closed" else None
    touched = closed_at or resolved_at or born + timedelta(hours=3)
    return (
        ticket_id,
        ticket_number(chance.choice),
        FIRST_USER + int(USERS * chance.random() ** 2),
        prose(chance, 6) if shop.wordy else f"{chance.choice(_SUBJECTS)} ({ticket_id})",
        prose(chance, 25) if shop.wordy else _prose(chance, 25),
        priority,
        status,
        chance.choice(_CATEGORIES),
        agent,
        FIRST_ORDER + chance.randrange(ORDERS) if chance.random() < 0.7 else None,
        _metadata(priority, agent, _path(status), _times(shop, born, resolved_at, closed_at)),
        _second(resolved_at),
        _second(closed_at),
        _second(born),
        _second(touched),
    )


def _in_work(shop: Shop, place: int) -> tuple[str, datetime]:
    """Status and birth of a ticket in work: the older half is answered, the newer one is not.

    The next target of `DUE_EACH_MINUTE` of them passes in each of the `BUSY_MINUTES` after NOW,
    half by half; those of all others in the hours behind that.
    """
    half = shop.active // 2
    status, target = ("in_progress", 72) if place < half else ("open", 24)
    place %= half
    each = DUE_EACH_MINUTE // 2
    if place < each * BUSY_MINUTES:
        minute, rest = divmod(place, each)
        due = timedelta(minutes=minute, seconds=rest * 59 // each)
    else:
        left = (place - each * BUSY_MINUTES) / (half - each * BUSY_MINUTES)
        due = timedelta(minutes=BUSY_MINUTES + 90) + left * timedelta(hours=20)
    return status, NOW + due - timedelta(hours=target)


def _messages(
    shop: Shop, ticket: Row, last_id: int, chance: random.Random, *, least: int
) -> Iterator[Row]:
    ticket_id, user_id, status, agent = (int(str(ticket[0])), ticket[2], ticket[6], ticket[8])
    at = datetime.fromisoformat(str(ticket[13]))
    is_long = ticket_id % LONG_EVERY == 0
    for number in range(LONG_THREAD if is_long else chance.randint(least, 5)):
        at += timedelta(minutes=20)
        by_agent = number % 2 == 1 and agent is not None
        is_unread = status in {"open", "in_progress"} and number > 1
        yield (
            last_id + 1 + number,
            ticket_id,
            agent if by_agent else user_id,
            "agent" if by_agent else "customer",
            prose(chance, 20) if shop.wordy else _prose(chance, 20),
            int(by_agent and number % 5 == 0),
            None if is_unread else _second(at),
            _second(at),
            _second(at),
        )


def _path(status: str) -> tuple[str, ...]:
    """The statuses that led there."""
    work = ("open", "in_progress")
    return {
        "open": ("open",),
        "in_progress": work,
        "waiting_customer": (*work, "waiting_customer"),
        "resolved": (*work, "resolved"),
        "closed": (*work, "resolved", "closed"),
    }[status]


def _times(
    shop: Shop, born: datetime, resolved_at: datetime | None, closed_at: datetime | None
) -> list[str]:
    """When each step of a path was taken; all of them at the birth unless the shop has lived."""
    times = [born, born, born, born]
    if shop.lived:
        solved = resolved_at or born + timedelta(hours=2)  # or has gone to wait
        times = [born, born + timedelta(hours=1), solved, closed_at or solved]
    return [at.strftime("%Y-%m-%dT%H:%M:%S") for at in times]


def _metadata(priority: str, agent: int | None, path: Sequence[str], times: Sequence[str]) -> str:
    at = times[0]
    entries = [_entry(at, "null", "created", "null", '"open"')]
    if agent is not None:
        entries.append(_entry(times[1], str(agent), "assigned", "null", str(agent)))
    entries += [
        _entry(taken, str(agent), "status", f'"{before}"', f'"{after}"')
        for taken, (before, after) in zip(times[1:], pairwise(path), strict=False)
    ]
    promise = f'{{"priority": "{priority}", "policy": 1, "since": "{at}Z"}}'
    return (
        f'{{"priority_reasons": ["default"], "sla": {{"promise": {promise}, "breaches": []}}, '
        f'"history": [{", ".join(entries)}]}}'
    )


def _entry(at: str, actor: str, action: str, before: str, after: str) -> str:
    return (
        f'{{"at": "{at}.123456Z", "actor": {actor}, "action": "{action}", "from": {before}, '
        f'"to": {after}, "reason": null}}'
    )


def _one(mixture: dict[str, int], chance: random.Random) -> str:
    return chance.choices(list(mixture), list(mixture.values()))[0]


def _prose(chance: random.Random, words: int) -> str:
    start = chance.randrange(len(_WORDS))
    return " ".join((_WORDS[start:] + _WORDS)[:words])


def _second(at: datetime | None) -> str | None:
    return at.strftime("%Y-%m-%d %H:%M:%S") if at is not None else None
