"""Terms as MySQL's and MariaDB's MATCH … AGAINST (… IN BOOLEAN MODE) takes them.

InnoDB leaves out words that are too short or too long, and its stop words, some fifty of English,
French and German. Such words are left to the check of the candidates. Only letters and digits
that the server has in its words are handed over, so no operator can be among them.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from savctl.domain.search.query import Term

# Letters, digits and marks that every server since Unicode 4 knows, block by block.
_KNOWN = (
    *(range(0x30, 0x3A), range(0x61, 0x7B), range(0xDF, 0xF7), range(0xF8, 0x234)),
    *(range(0x250, 0x2B0), range(0x3AC, 0x3CF), range(0x430, 0x482), range(0x48B, 0x4F6)),
    *(range(0x561, 0x588), range(0x5D0, 0x5EB), range(0x621, 0x63B), range(0x641, 0x64B)),
    *(range(0x660, 0x66A), range(0x671, 0x6D4), range(0x6F0, 0x6FA), range(0x905, 0x93A)),
    *(range(0x93E, 0x94E), range(0xE01, 0xE31), range(0x1E01, 0x1EFA), range(0x3041, 0x3095)),
    *(range(0x30A1, 0x30FB), range(0x4E00, 0x9FA6), range(0xAC00, 0xD7A4)),
)


# The server's own; to read them from information_schema takes the PROCESS privilege.
STOP_WORDS = (
    "a about an are as at be by com de en for from how i in is it la of on or that the this to "
    "was what when where who will with und www"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class IndexedWords:
    """Which words the server has in its index; `stop_words` are folded."""

    shortest: int
    longest: int
    stop_words: frozenset[str]

    def has(self, word: str, *, is_prefix: bool) -> bool:
        """Whether every text with this word, or a word that begins so, is found by it."""
        # ss may be a single ß there, and a short word with accents longer than its letters
        length = len(word) - word.count("ss")
        if not self.shortest <= length <= self.longest // 2:
            return False
        if is_prefix and any(stop.startswith(word) for stop in self.stop_words):
            return False
        return word not in self.stop_words and all(map(_is_known, word))


def indexed(term: Term, words: IndexedWords) -> list[str]:
    """The words of a term that the index has, as it takes them; none where it can not tell."""
    *firsts, last = term.words
    found = [word for word in firsts if words.has(word, is_prefix=False)]
    if words.has(last, is_prefix=term.is_prefix):
        found.append(f"{last}*" if term.is_prefix else last)
    return list(dict.fromkeys(found))


def all_of(words: Sequence[str]) -> str:
    """What a text with all of these words matches."""
    return " ".join(f"+{word}" for word in words)


def _is_known(character: str) -> bool:
    return any(ord(character) in block for block in _KNOWN)
