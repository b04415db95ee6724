"""What a query asks for: a small tree of words, phrases, prefixes and exclusions (rules 15.3).

No engine ever sees the text: it is cut into folded words here, and what of it an engine is asked
is put together anew from these.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass

from savctl.domain.search.folding import words_of
from savctl.errors import InvalidInput

MOST_CHARACTERS = 1_000
MOST_WORDS = 32
_TERM = re.compile(r'(-?)(?:"([^"]*)(?:"|\Z)|([^\s"]+))')
_HINT = 'Words, "a phrase", -without, prefix*; all of them must be there.'


@dataclass(frozen=True, slots=True)
class Term:
    """A word, or words that follow each other in one field; the last may be a prefix."""

    words: tuple[str, ...]
    is_prefix: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Query:
    """Terms that must all be there, and terms that must not; `text` is what was typed."""

    text: str
    terms: tuple[Term, ...]
    excluded: tuple[Term, ...] = ()


def parse_query(text: str) -> Query:
    """The query that a person typed; a quote that is not closed ends with the text.

    Raises:
        InvalidInput: too long, or without a word to look for.
    """
    _require_short(text)
    terms: list[Term] = []
    excluded: list[Term] = []
    for minus, phrase, word in _TERM.findall(text):
        is_prefix = word.endswith("*")
        if words := tuple(words_of(phrase or word)):
            (excluded if minus else terms).append(Term(words, is_prefix))
    if not terms:
        what = "only what must not be there" if excluded else "no word"
        raise InvalidInput(f"there is nothing to search for: the query has {what}", hint=_HINT)
    _require_few([*terms, *excluded])
    return Query(text=text, terms=_once(terms), excluded=_once(excluded))


def _require_short(text: str) -> None:
    if "\0" in text:
        raise InvalidInput("the query contains a NUL character")
    if len(text) > MOST_CHARACTERS:
        raise InvalidInput(
            f"the query has {len(text)} characters; at most {MOST_CHARACTERS} are searched for"
        )


def _require_few(terms: Iterable[Term]) -> None:
    count = sum(len(term.words) for term in terms)
    if count > MOST_WORDS:
        raise InvalidInput(f"the query has {count} words; at most {MOST_WORDS} are searched for")


def _once(terms: Iterable[Term]) -> tuple[Term, ...]:
    return tuple(dict.fromkeys(terms))
