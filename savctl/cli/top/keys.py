"""Keys as a terminal sends them."""

from __future__ import annotations

import re
from collections.abc import Iterator
from enum import StrEnum


class Key(StrEnum):
    """What a person may want."""

    QUIT = "quit"
    REFRESH = "refresh"
    UP = "up"
    DOWN = "down"
    LEFT = "left"
    RIGHT = "right"


# An arrow is ESC [ A, or ESC O A where the keypad is in its other mode; modifiers stand between.
_ARROW = re.compile(rb"\x1b(?:\[[0-9;]*|O)([ABCD])")
_ARROWS = {b"A": Key.UP, b"B": Key.DOWN, b"C": Key.RIGHT, b"D": Key.LEFT}
_LETTERS = {
    b"q": Key.QUIT,
    b"Q": Key.QUIT,
    b"r": Key.REFRESH,
    b"R": Key.REFRESH,
    b"\t": Key.RIGHT,
}
_OTHER = re.compile(rb"\x1b\[[0-9;?]*[@-~]|\x1bO.|\x1b|.", re.DOTALL)


def keys(received: bytes) -> Iterator[Key]:
    """The keys in what a terminal sent; others are passed over."""
    place = 0
    while place < len(received):
        arrow = _ARROW.match(received, place)
        if arrow is not None:
            yield _ARROWS[arrow[1]]
            place = arrow.end()
            continue
        other = _OTHER.match(received, place)
        word = other[0] if other else received[place : place + 1]
        if word in _LETTERS:
            yield _LETTERS[word]
        place += len(word)
