"""A text with columns in it: `{Category}: {Short description}`; `{{` and `}}` are braces."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

_PIECE = re.compile(r"\{\{|\}\}|\{([^{}]+)\}|[{}]")


@dataclass(frozen=True, slots=True)
class Template:
    """The text around the columns, which has one part more than there are columns."""

    text: str
    literals: tuple[str, ...]
    columns: tuple[str, ...]

    def filled(self, values: Sequence[str]) -> str:
        """The text with a value for each column."""
        pairs = zip(self.literals, [*values, ""], strict=True)
        return "".join(literal + value for literal, value in pairs)


def is_template(text: str) -> bool:
    """Whether a text is more than the name of a column."""
    return "{" in text or "}" in text


def template(text: str) -> Template:
    """The template in a text.

    Raises:
        ValueError: a brace stands alone, or a pair is empty.
    """
    literals, columns, at = [""], [], 0
    for piece in _PIECE.finditer(text):
        literals[-1] += text[at : piece.start()]
        at = piece.end()
        if piece[1] is not None:
            columns.append(piece[1])
            literals.append("")
        elif len(piece[0]) == 2:
            literals[-1] += piece[0][0]
        else:
            raise ValueError(f"the {piece[0]} at character {piece.start() + 1} belongs to nothing")
    literals[-1] += text[at:]
    return Template(text, tuple(literals), tuple(columns))
