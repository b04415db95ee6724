"""Messages that are HTML, as a terminal shows them: their words, breaks, lists and links."""

from __future__ import annotations

import re
from html.parser import HTMLParser

from savctl.domain.text_safety.html_elements import ALLOWED_BLOCKS
from savctl.domain.text_safety.markup import has_elements, reduced

_BLANKS = re.compile(r"[ \t\r\n]+")
_MANY_BREAKS = re.compile(r"\n{3,}")


def readable(text: str) -> str:
    """The text without HTML elements; a text that is none stays as it is."""
    if not has_elements(text):
        return text
    kept = reduced(text)
    words = _Words(is_flowing=any(f"<{name}" in kept for name in ("br", *ALLOWED_BLOCKS)))
    words.feed(kept)
    words.close()
    return words.text()


class _Words(HTMLParser):
    """Collects the words; with `is_flowing` the line breaks of the source are blanks."""

    def __init__(self, *, is_flowing: bool) -> None:
        super().__init__(convert_charrefs=True)
        self._is_flowing = is_flowing
        self._parts: list[str] = []
        self._preformatted = 0
        self._links: list[tuple[str, int]] = []  # address, and where its words begin

    def text(self) -> str:
        """What was collected: no line ends in blanks, at most one empty line in a row."""
        lines = "".join(self._parts).split("\n")
        return _MANY_BREAKS.sub("\n\n", "\n".join(line.rstrip() for line in lines)).strip("\n")

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Break the line where a block begins, and remember where a link leads."""
        if tag == "br":
            self._parts.append("\n")
        elif tag == "a":
            self._links.append((dict(attrs).get("href") or "", len(self._parts)))
        elif tag in ALLOWED_BLOCKS:
            self._preformatted += tag == "pre"
            self._break()
            self._parts.append("- " if tag == "li" else "")

    def handle_endtag(self, tag: str) -> None:
        """Break the line where a block ends, and add the address of a link to its words."""
        if tag == "a" and self._links:
            address, start = self._links.pop()
            if address and address != "".join(self._parts[start:]).strip():
                self._parts.append(f" ({address})")
        elif tag in ALLOWED_BLOCKS:
            self._preformatted -= tag == "pre"
            self._parts.append("\n" if tag == "li" else "\n\n")

    def handle_data(self, data: str) -> None:
        """Keep the words."""
        if not self._is_flowing or self._preformatted > 0:
            self._parts.append(data)
            return
        is_at_start = "".join(self._parts[-1:]).endswith(("\n", "- ")) or not self._parts
        shown = _BLANKS.sub(" ", data)
        self._parts.append(shown.lstrip(" ") if is_at_start else shown)

    def _break(self) -> None:
        if self._parts and not "".join(self._parts[-2:]).endswith(("\n", "- ")):
            self._parts.append("\n")
