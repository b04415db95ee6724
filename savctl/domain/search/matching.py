"""Which texts hold a query, and how well: the score is ours, from what is seen alone (15.3).

A term counts in each field once with its weight, and a little more the more often it stands
there. Other tickets do not matter, so that nothing can be learned about them from a score.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum

from savctl.domain.search.folding import words_of
from savctl.domain.search.query import Query, Term


class SearchField(StrEnum):
    """Where a ticket may hold words; in order of worth."""

    SUBJECT = "subject"
    DESCRIPTION = "description"
    MESSAGES = "messages"


_WEIGHTS = {SearchField.SUBJECT: 4.0, SearchField.DESCRIPTION: 2.0, SearchField.MESSAGES: 1.0}


@dataclass(frozen=True, slots=True)
class SearchedText:
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
    spelled = [spell(text.text) for text in texts]
    unwanted = [needle(term) for term in query.excluded]
    if any(one in text for text in spelled for one in unwanted):
        return None
    looked_at = [
        (text, words) for text, words in zip(texts, spelled, strict=True) if text.field in fields
    ]
    score, held = 0.0, [0] * len(looked_at)
    for wanted in map(needle, query.terms):
        counts = [words.count(wanted) for _, words in looked_at]
        if not any(counts):
            return None
        held = [one + (count > 0) for one, count in zip(held, counts, strict=True)]
        score += sum(_worth([text for text, _ in looked_at], counts))
    best = max(range(len(held)), key=lambda at: held[at])  # the first of those that are equal
    return TextMatch(round(score, 3), looked_at[best][0])


def spell(text: str) -> str:
    """The folded words, each with a blank of its own before and behind."""
    return f" {'  '.join(words_of(text))} "


def needle(term: Term) -> str:
    """What stands in a spelled text that holds the term."""
    return f" {'  '.join(term.words)}{'' if term.is_prefix else ' '}"


def _worth(texts: Sequence[SearchedText], counts: Sequence[int]) -> Iterator[float]:
    for field, weight in _WEIGHTS.items():
        count = sum(n for text, n in zip(texts, counts, strict=True) if text.field is field)
        if count:
            yield weight * (1 + math.log(count))
