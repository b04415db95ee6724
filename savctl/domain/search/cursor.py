"""Where a page of hits ended: what `--after` takes.

Hits are ranked a block of tickets at a time, newest blocks first. A cursor names the block by the
ids it lies between, the hit in it, and the query, because it means nothing for another one.
"""

from __future__ import annotations

import re
import zlib
from dataclasses import dataclass

from savctl.errors import InvalidInput

_FORM = re.compile(r"(\d{1,19})-(\d{1,19})-(\d{1,9})-(\d{1,19})-([0-9a-f]{8})", re.ASCII)
_SCORE_UNIT = 1_000  # scores have three decimals


@dataclass(frozen=True, slots=True, kw_only=True)
class SearchCursor:
    """The last hit that was shown; its block has the tickets `low` <= id < `high`."""

    high: int
    low: int
    score: float
    ticket_id: int

    def as_text(self, asked: str) -> str:
        """How it is typed behind `--after`; `asked` is the query with its options."""
        score = round(self.score * _SCORE_UNIT)
        return f"{self.high}-{self.low}-{score}-{self.ticket_id}-{_mark(asked)}"


def parse_cursor(text: str, asked: str) -> SearchCursor:
    """The cursor that a page of the same query ended with.

    Raises:
        InvalidInput: it is none, or that of another query.
    """
    found = _FORM.fullmatch(text)
    hint = "Give what the page before named behind --after, with the same query and filters."
    if found is None:
        raise InvalidInput(f"--after {text[:60]!r} is no cursor of a search", hint=hint)
    if found[5] != _mark(asked):
        raise InvalidInput("--after is the cursor of another search", hint=hint)
    high, low, score, ticket_id = (int(found[at]) for at in range(1, 5))
    return SearchCursor(high=high, low=low, score=score / _SCORE_UNIT, ticket_id=ticket_id)


def _mark(asked: str) -> str:
    return f"{zlib.crc32(asked.encode('utf-8', 'surrogatepass')):08x}"
