"""Terms as SQLite's FTS5 takes them: strings between quotes, which hold no syntax."""

from __future__ import annotations

from savctl.domain.search.query import Term


def matching(term: Term) -> str:
    """A phrase of FTS5; words are letters, digits, marks and `_`, so no quote is among them."""
    return f'"{" ".join(term.words)}"{" *" if term.is_prefix else ""}'
