"""Common options before the command: taken off the words, without importing what declares them.

A test holds that the names here are those of the declarations.
"""

from __future__ import annotations

from collections.abc import Sequence

_VALUED = frozenset(
    ("--output", "--columns", "--config", "--color", "--log-format", "--at", "--as")
)
_FLAGS = frozenset(("--quiet", "--verbose", "--no-headers", "--dry-run", "--yes"))
_SHORT_FLAGS = frozenset("qvny")


def leading(words: Sequence[str]) -> tuple[list[str], list[str]]:
    """The common options that stand first, with their values, and the words after them."""
    at = 0
    while at < len(words) and (taken := _taken(words[at])):
        at += taken
    return list(words[:at]), list(words[at:])


def _taken(word: str) -> int:
    """How many words a common option takes; 0 for what is none."""
    name, has_value, _ = word.partition("=")
    if word in _FLAGS or (has_value and name in _VALUED):
        return 1
    if word in _VALUED:
        return 2
    if not word.startswith("-") or word.startswith("--") or len(word) < 2:
        return 0
    flags, output, value = word[1:].partition("o")
    if not _SHORT_FLAGS.issuperset(flags):
        return 0
    return 2 if output and not value else 1
