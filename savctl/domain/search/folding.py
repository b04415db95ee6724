"""Text as search compares it: words without case and accents.

A word is a run of letters, digits, marks and `_`; everything else separates. The rules are the
common ground of InnoDB's FULLTEXT under utf8mb4_unicode_ci and of FTS5's unicode61 with
`schema/migration_search.py` before it: words that are equal here are equal there, so that an
index never misses what a scan would find (rules 15.3). `docs/searching.md` lists the letters.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator

_SEPARATOR = " "
# Marks that are no part of a word: accents behind their letter, Arabic vowel signs.
_DROPPED = frozenset(
    (
        *(*range(0x300, 0x305), *range(0x306, 0x30D), 0x30F, 0x311, 0x31B),
        *(*range(0x323, 0x329), 0x32D, 0x32E, 0x330, 0x331),
        *(*range(0x64B, 0x653), 0x670),
    )
)
# Letters whose case does not count: Latin, Greek, Cyrillic, Armenian, full width.
_CASED = (
    *(range(0x41, 0x5B), range(0xC0, 0x220), range(0x222, 0x234), range(0x386, 0x3CF)),
    *(range(0x400, 0x482), range(0x48A, 0x4C0), range(0x4C1, 0x4F6), range(0x4F8, 0x4FA)),
    *(range(0x531, 0x557), range(0x1E00, 0x1E9C), range(0x1EA0, 0x1EFA), range(0xFF21, 0xFF3B)),
)
# Of these, letters whose accent makes another letter, to one of the databases at least.
_WHOLE = (range(0x1E0, 0x1E4), range(0x1EE, 0x1F0), range(0x1FC, 0x200), range(0x386, 0x557))
_SPECIAL = {
    **dict(zip("άέήίόύώϊϋΐΰς", "αεηιουωιυιυσ", strict=True)),
    "ё": "\u0435",
    "ѐ": "\u0435",
    "ß": "ss",
}
_SYMBOLS = (range(0xFE00, 0xFE10), range(0x1F000, 0x1FB00))  # variation selectors, emoji


class _Table(dict[int, str]):
    """What each character becomes, found once for each."""

    def __missing__(self, code: int) -> str:
        self[code] = folded = _folded(chr(code))
        return folded


_TABLE = _Table()


def folded(text: str) -> str:
    """The text without case and accents, a blank for everything that separates words."""
    try:
        raw = text.encode("latin-1")
    except UnicodeEncodeError:
        return text.translate(_TABLE)
    if _SHARP_S in raw:
        return text.translate(_TABLE)
    return raw.translate(_LATIN).decode("latin-1")


def words_of(text: str) -> list[str]:
    """The words of a text, folded, in order."""
    return folded(text).split()


def placed_words(text: str) -> Iterator[tuple[str, int, int]]:
    """The folded words with where each begins and ends in the text."""
    begin, word = 0, ""
    for at, character in enumerate(f"{text} "):
        folded = _TABLE[ord(character)]
        if folded != _SEPARATOR:
            begin = begin if word else at
            word += folded
        elif word:
            yield word, begin, at
            word = ""


def _folded(character: str) -> str:
    code = ord(character)
    if code in _DROPPED:
        return ""
    if character != "_" and (
        unicodedata.category(character)[0] not in "LMN" or _is_in(code, _SYMBOLS)
    ):
        return _SEPARATOR
    lower = character.lower() if _is_in(code, _CASED) else character
    if lower in _SPECIAL:
        return _SPECIAL[lower]
    if not _is_in(code, _CASED) or _is_in(code, _WHOLE):
        return lower
    parts = unicodedata.normalize("NFD", lower)
    return "".join(part for part in parts if ord(part) not in _DROPPED)


def _is_in(code: int, ranges: tuple[range, ...]) -> bool:
    return any(code in one for one in ranges)


# Most texts are of these letters alone; bytes are translated ten times as fast.
_SHARP_S = "ß".encode("latin-1")
_LATIN = bytes(ord(_folded(chr(code))[0]) for code in range(256))
