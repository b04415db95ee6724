"""HTML put together again with a break wherever a block or a cell was dropped (rules 20.2)."""

from __future__ import annotations

from savctl.domain.text_safety.html_elements import ALLOWED, ALLOWED_BLOCKS, BLOCKS, CELLS, SPACED

# The new line is for readers of the source, and for whoever strips tags.
_BREAK = "<br>\n"


class BreakingText:
    """Collects text and tags; `finished` is the HTML.

    A break is written only between two visible texts, and only where no allowed block breaks
    the line anyway. A row of several cells leaves an empty line behind it.
    """

    def __init__(self) -> None:
        self._parts: list[str] = []
        self._breaks = 0
        self._is_spaced = False
        self._begins_line = True
        self._cells = 0
        self._in_pre = False

    def add_text(self, text: str) -> None:
        """Text between tags, its character references left as they are."""
        if not text:
            return
        if not text.strip():
            if not self._breaks or self._in_pre:
                self._parts.append(text)
            return
        if self._breaks and not self._begins_line:
            self._parts.append(_BREAK * self._breaks)
        elif self._is_spaced and not self._ends_blank() and not text[0].isspace():
            self._parts.append(" ")
        self._parts.append(text)
        self._breaks, self._is_spaced, self._begins_line = 0, False, False

    def add_tag(self, name: str, tag: str, *, is_closing: bool) -> None:
        """A tag of HTML: kept when it is allowed, else dropped and its place remembered."""
        if name in ALLOWED:
            self._keep(name, tag, is_closing=is_closing)
        elif name in BLOCKS:
            self._breaks = max(self._breaks, self._breaks_of(name, is_closing=is_closing))
        elif name in SPACED:
            self._is_spaced = True

    def finished(self) -> str:
        """Everything that was added."""
        return "".join(self._parts)

    def _keep(self, name: str, tag: str, *, is_closing: bool) -> None:
        if name in ALLOWED_BLOCKS or name == "br":
            if self._breaks and not self._begins_line:
                self._parts.append("\n")
            self._breaks, self._is_spaced, self._begins_line = 0, False, True
        if name == "pre":
            self._in_pre = not is_closing
        self._parts.append(tag)

    def _breaks_of(self, name: str, *, is_closing: bool) -> int:
        if name in CELLS:
            self._cells += not is_closing
        elif name == "tr":
            cells, self._cells = self._cells, 0
            return 2 if cells > 1 else 1
        return 1

    def _ends_blank(self) -> bool:
        return not self._parts or self._parts[-1][-1:].isspace()
