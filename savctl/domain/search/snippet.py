"""The part of a text that holds most of a query, its hits between « and » (rules 15.3)."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from savctl.domain.search.folding import placed_words
from savctl.domain.search.query import Query, Term

LONGEST = 160
_LEAD = 40  # characters before the first hit
_MOST_HITS = 200  # of a text that is all hits, only the first are looked at
_MARKS = len("«»")


@dataclass(frozen=True, slots=True)
class _Span:
    begin: int
    end: int


def snippet(text: str, query: Query) -> str:
    """At most `LONGEST` characters on one line; `…` where the text goes on."""
    line = " ".join(text.split())
    hits = sorted(set(_hits(line, query.terms)), key=lambda hit: (hit.begin, -hit.end))
    begin, shown = _window(line, _apart(hits)[:_MOST_HITS])
    return _marked(line, begin, shown)


def _hits(line: str, terms: Sequence[Term]) -> Iterator[_Span]:
    words = list(placed_words(line))
    for term in terms:
        size = len(term.words)
        for at in range(len(words) - size + 1):
            if _begins_with(words[at : at + size], term):
                yield _Span(words[at][1], words[at + size - 1][2])


def _begins_with(words: Sequence[tuple[str, int, int]], term: Term) -> bool:
    *firsts, last = term.words
    if any(word[0] != wanted for word, wanted in zip(words, firsts, strict=False)):
        return False
    found = words[-1][0]
    return found.startswith(last) if term.is_prefix else found == last


def _apart(hits: Sequence[_Span]) -> list[_Span]:
    """Those that do not begin inside of the one before."""
    found: list[_Span] = []
    for hit in hits:
        if not found or hit.begin >= found[-1].end:
            found.append(hit)
    return found


def _window(line: str, hits: Sequence[_Span]) -> tuple[int, list[_Span]]:
    """Where the part with the most hits begins, and these."""
    best: tuple[int, list[_Span]] = (0, [])
    for at, first in enumerate(hits):
        begin = max(0, first.begin - _LEAD)
        begin = begin if begin == 0 else line.find(" ", begin, first.begin) + 1 or first.begin
        shown: list[_Span] = []
        for hit in hits[at:]:
            if hit.end - begin + _MARKS * (len(shown) + 1) > LONGEST - 2:
                break
            shown.append(hit)
        if len(shown) > len(best[1]):
            best = (begin, shown)
    if not best[1] and hits:  # longer than a snippet by itself
        first = hits[0]
        return first.begin, [_Span(first.begin, first.begin + LONGEST - 2 - _MARKS)]
    return best


def _marked(line: str, begin: int, hits: Sequence[_Span]) -> str:
    room = LONGEST - 2 - _MARKS * len(hits)
    end = min(len(line), begin + room)
    if end < len(line) and (blank := line.rfind(" ", hits[-1].end if hits else begin, end)) > 0:
        end = blank
    text, at = "…" if begin else "", begin
    for hit in hits:
        text += f"{line[at : hit.begin]}«{line[hit.begin : hit.end]}»"
        at = hit.end
    return f"{text}{line[at:end]}{'…' if end < len(line) else ''}"
