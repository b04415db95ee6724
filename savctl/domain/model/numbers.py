"""Ticket numbers: `TKT-{UNIQUE_ID}` (rules 1.2)."""

from __future__ import annotations

from collections.abc import Callable

# Crockford's base 32: no letter that a customer on the phone takes for a digit.
ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
LENGTH = 8
PREFIX = "TKT-"


def ticket_number(choose: Callable[[str], str]) -> str:
    """A new number; `choose` picks one character at random.

    A million tickets collide with a new one about once in a million creations; the unique key
    notices, and another number is drawn.
    """
    return PREFIX + "".join(choose(ALPHABET) for _ in range(LENGTH))
