"""The text of a file, a part at a time: what is read on belongs to the row at hand."""

from __future__ import annotations

import re
import zlib
from typing import TextIO

_AT_ONCE = 8 * 1024  # what is lost before a place where the file is damaged
_LEAST = 256 * 1024
_MOST = 4 * 1024 * 1024
_LINE_ENDS = re.compile(r"\r\n|\r|\n")


class CsvText:
    """The rest of a text from the row at hand on; `damage` is why it ends too soon, or None."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream
        self.text = ""
        self.start = 0
        self.line = 1
        self.is_whole = False
        self.damage: str | None = None

    @property
    def length(self) -> int:
        """How much of the text is at hand, from the row's start on."""
        return len(self.text) - self.start

    def read_on(self) -> None:
        """Have more of the text at hand, or know that this is all."""
        parts = [self.text[self.start :]]
        wanted = min(max(self.length, _LEAST), _MOST)
        try:
            while wanted > 0 and (part := self._stream.read(_AT_ONCE)):
                parts.append(part)
                wanted -= len(part)
        except (OSError, EOFError, zlib.error) as problem:  # BadGzipFile is an OSError
            self.damage = f"the file is damaged from here on: {problem}"
        self.text = "".join(parts)
        self.start = 0
        self.is_whole = wanted > 0

    def pass_to(self, end: int) -> str:
        """Go on behind `end`; answers what is left behind, and counts its lines."""
        passed = self.text[self.start : end]
        self.line += len(_LINE_ENDS.findall(passed)) if "\r" in passed else passed.count("\n")
        self.start = end
        return passed
