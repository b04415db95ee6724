"""Which of a customer's tickets look like the same trouble reported twice; it never acts.

Texts are compared by the three-letter pieces they share, so it works for every language and
forgives a typing error. What is about two different orders is no duplicate.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import combinations

COMPARED = 2_000  # characters of a description
SUBJECT_SHARE, ORDER_SHARE = 0.4, 0.2


@dataclass(frozen=True, slots=True, kw_only=True)
class ComparedTicket:
    """What is compared of a ticket; `description` is its beginning."""

    id: int
    number: str
    user_id: int
    status: str
    subject: str
    description: str
    category: str | None
    order_id: int | None
    created_at: datetime | None


@dataclass(frozen=True, slots=True)
class Alike:
    """Two tickets of one customer: the newer one, the older one, how alike and why."""

    newer: ComparedTicket
    older: ComparedTicket
    score: float
    why: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class _Seen:
    ticket: ComparedTicket
    subject: frozenset[str]
    description: frozenset[str]


def find_similar(tickets: Sequence[ComparedTicket], *, at_least: float) -> list[Alike]:
    """The pairs of one customer's tickets that score at least so much, the most alike first."""
    seen = [
        _Seen(t, _pieces(t.subject), _pieces(t.description[:COMPARED]))
        for t in sorted(tickets, key=lambda t: t.id)
    ]
    pairs = (_compared(older, newer) for older, newer in combinations(seen, 2))
    found = [pair for pair in pairs if pair is not None and pair.score >= at_least]
    return sorted(found, key=lambda pair: (-pair.score, pair.newer.id, pair.older.id))


def _compared(older: _Seen, newer: _Seen) -> Alike | None:
    """Two tickets about the same order, or about none known and of the same category."""
    a, b = older.ticket, newer.ticket
    is_same_order = a.order_id is not None and a.order_id == b.order_id
    is_other_order = not is_same_order and None not in {a.order_id, b.order_id}
    if is_other_order or not (is_same_order or a.category == b.category):
        return None
    subject = _likeness(older.subject, newer.subject)
    description = _likeness(older.description, newer.description)
    text = SUBJECT_SHARE * subject + (1 - SUBJECT_SHARE) * description
    score = text if not is_same_order else ORDER_SHARE + (1 - ORDER_SHARE) * text
    why = tuple(_reasons(b, subject, description, is_same_order=is_same_order))
    return Alike(b, a, round(score, 2), why)


def _reasons(
    ticket: ComparedTicket, subject: float, description: float, *, is_same_order: bool
) -> Iterator[str]:
    if is_same_order:
        yield f"same order {ticket.order_id}"
    else:
        yield f"same category {ticket.category}" if ticket.category else "neither has a category"
    yield f"subject {subject:.0%} alike"
    yield f"description {description:.0%} alike"


def _pieces(text: str) -> frozenset[str]:
    plain = f" {' '.join(text.casefold().split())} "
    return frozenset(plain[i : i + 3] for i in range(max(len(plain) - 2, 1)))


def _likeness(one: frozenset[str], other: frozenset[str]) -> float:
    """Dice's coefficient: 1 for the same pieces, 0 for none in common."""
    return 2 * len(one & other) / (len(one) + len(other))
