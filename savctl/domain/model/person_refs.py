"""How people name a customer or an agent (contract: command line, 1.7)."""

from __future__ import annotations

import unicodedata

from savctl.domain.text import MAX_FOREIGN_ID, line
from savctl.errors import InvalidInput

PersonReference = int | str


def person_reference(name: str, given: str | int) -> PersonReference:
    """What the value of `name` names: a user id, or an e-mail address as text.

    Raises:
        InvalidInput: it names no user.
    """
    word = str(given).strip()
    if word.isascii() and word.isdecimal():
        return _id(name, word)
    local, at, host = word.rpartition("@")
    if not (local and at and host) or any(letter.isspace() for letter in word):
        raise _names_no_user(name, word)
    return line("e-mail address", word)


def is_same_address(one: str, other: str) -> bool:
    """Whether two e-mail addresses are the same; case does not count."""
    return one.casefold() == other.casefold()


def folded(text: object) -> str:
    """The text without case and accents, as a search compares it."""
    apart = unicodedata.normalize("NFKD", str(text)).casefold()
    return "".join(letter for letter in apart if not unicodedata.combining(letter))


def _id(name: str, word: str) -> int:
    if len(word) > len(str(MAX_FOREIGN_ID)) or not 1 <= int(word) <= MAX_FOREIGN_ID:
        raise _names_no_user(name, word)
    return int(word)


def _names_no_user(name: str, word: str) -> InvalidInput:
    return InvalidInput(
        f"{name} must be a user id or an e-mail address, not {word[:60]!r}",
        hint=f"A user id is a whole number from 1 to {MAX_FOREIGN_ID}. "
        "Run 'savctl user list --search TEXT' to find a user by name.",
    )
