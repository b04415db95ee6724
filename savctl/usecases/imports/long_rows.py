"""Finding the end of a row that is too long to be held in memory."""

from __future__ import annotations

import re


class RowSkipper:
    """Reads over one row of RFC 4180, a part of the text at a time.

    `is_certain` is false when the row breaks the rules, so that its end cannot be known.
    """

    def __init__(self, delimiter: str) -> None:
        self._delimiter = delimiter
        self._stop = re.compile(rf"[{re.escape(delimiter)}\r\n]")
        self._state = "begin"  # of a cell; plain, quoted, or behind a quote
        self.is_certain = True

    def end_in(self, text: str, start: int, *, is_whole: bool) -> int | None:
        """Where the row ends; None when it does not end in this text."""
        place = start
        while place < len(text):
            if self._state == "quoted":
                place = self._behind_quote(text, place)
            elif self._state != "plain" and text[place] == '"':
                self._state, place = "quoted", place + 1
            elif self._state == "closed" and not self._stop.match(text, place):
                self.is_certain = False
                return place
            elif (found := self._stop.search(text, place)) is None:
                self._state = "plain"
                return None
            elif found[0] != self._delimiter:
                return _behind(text, found.start())
            else:
                self._state, place = "begin", found.end()
        self.is_certain = not (is_whole and self._state == "quoted")
        return None

    def _behind_quote(self, text: str, place: int) -> int:
        found = text.find('"', place)
        if found < 0:
            return len(text)
        self._state = "closed"
        return found + 1


def _behind(text: str, place: int) -> int:
    return place + 2 if text.startswith("\r\n", place) else place + 1
