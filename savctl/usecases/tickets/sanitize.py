"""Text that customers and agents wrote, as it is stored (rules 5.2, 11.6)."""

from __future__ import annotations

from savctl.domain import text
from savctl.errors import InvalidInput
from savctl.html import clean


def stored(name: str, typed: str, *, with_files: bool = False) -> str:
    """The text with its HTML made harmless; beside files it may be empty.

    Raises:
        InvalidInput: it is empty, too long or no text, or nothing of it is left.
    """
    if with_files and not typed:
        return ""
    kept = clean(text.body(name, typed))
    if not kept:
        raise InvalidInput(
            f"{name} is empty once its HTML is made harmless",
            hint="To mention HTML, write &lt; for <.",
        )
    return text.body(name, kept)
