"""Which texts hold a query, and how well: the score is ours, from what is seen alone (15.3).

A term counts in each field once with its weight, and a little more the more often it stands
there. Other tickets do not matter, so that nothing can be learned about them from a score.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import NamedTuple

from savctl.domain.search.folding import folded
from savctl.domain.search.query import Query, Term


class SearchField(StrEnum):
    """Where a ticket may hold words; in order of worth."""

    SUBJECT = "subject"
    DESCRIPTION = "description"
    MESSAGES = "messages"


_WEIGHTS = {SearchField.SUBJECT: 4.0, SearchField.DESCRIPTION: 2.0, SearchField.MESSAGES: 1.0}


class SearchedText(NamedTuple):
    """One text of a ticket; `message_id` is None outside of messages."""

    field: SearchField
    text: str
    message_id: int | None = None


@dataclass(frozen=True, slots=True)
class TextMatch:
    """That a ticket holds a query: how well, and the text that holds most of it."""

    score: float
    best: SearchedText


def match(
    query: Query, texts: Sequence[SearchedText], fields: Sequence[SearchField]
) -> TextMatch | None:
    """Whether a ticket with these texts holds the query; None where it does not.

    Terms are looked for in the `fields`, exclusions in all texts.
    """
    wanted = [needle(term) for term in query.terms]
    unwanted = [needle(term) for term in query.excluded]
    all_words = [term.words[-1] for term in (*query.terms, *query.excluded)]
    spelled = [_spelled(text.text, all_words) for text in texts]
    if any(one in words for words in spelled for one in unwanted):
        return None
    counts = [
        [words.count(one) if text.field in fields else 0 for one in wanted] if words else None
        for text, words in zip(texts, spelled, strict=True)
    ]
    return _weighed(texts, [one or [0] * len(wanted) for one in counts])


def holds(text: str, term: Term) -> bool:
    """Whether a text has the term."""
    return needle(term) in _spelled(text, term.words[-1:])


def needle(term: Term) -> str:
    """What stands in a spelled text that holds the term."""
    return f" {'  '.join(term.words)}{'' if term.is_prefix else ' '}"


def _spelled(text: str, words: Sequence[str]) -> str:
    """The text spelled; nothing where none of the words is in it."""
    plain = folded(text)
    return f" {'  '.join(plain.split())} " if any(word in plain for word in words) else ""


def _weighed(texts: Sequence[SearchedText], counts: Sequence[Sequence[int]]) -> TextMatch | None:
    """The score of so many hits of each term in each text; None where a term has none."""
    score = 0.0
    for term in zip(*counts, strict=True):
        if not any(term):
            return None
        score += sum(_worth(texts, term))
    held = [sum(count > 0 for count in of_text) for of_text in counts]
    best = max(range(len(held)), key=held.__getitem__)  # the first of those that are equal
    return TextMatch(round(score, 3), texts[best])


def _worth(texts: Sequence[SearchedText], counts: Sequence[int]) -> Iterator[float]:
    by_field: dict[SearchField, int] = {}
    for text, count in zip(texts, counts, strict=True):
        if count:
            by_field[text.field] = by_field.get(text.field, 0) + count
    for field, count in by_field.items():
        yield _WEIGHTS[field] * (1 + math.log(count))
