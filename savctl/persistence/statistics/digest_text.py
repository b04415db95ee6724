"""A statement without its values: the shape that many executions share (pure).

The slow log has statements as they were sent, with the words of customers in them. Whatever could
be a value is replaced: quoted texts of either kind, numbers, comments. A quote that never ends
(a statement that was cut) takes everything behind it along.
"""

from __future__ import annotations

import re

_LONGEST = 1024
_PARTS = re.compile(
    r"""
    (?P<name>`(?:[^`]|``)*`)
    |(?P<text>(?:\b[nxb])?'(?:[^'\\]|\\.|'')*(?:'|\Z)|"(?:[^"\\]|\\.|"")*(?:"|\Z))
    |(?P<comment>/\*.*?(?:\*/|\Z)|--\s[^\n]*|\#[^\n]*)
    |(?P<word>[^\W\d]\w*)
    |(?P<number>[+-]?(?:0x[0-9a-f]+|\d[\d.]*(?:e[+-]?\d+)?))
    |(?P<other>.)
    """,
    re.VERBOSE | re.DOTALL | re.IGNORECASE,
)
_LIST = re.compile(r"\( ?\?(?: ?, ?\?)* ?\)(?: ?, ?\( ?\?(?: ?, ?\?)* ?\))*")


def digest_text(statement: str) -> str:
    """The statement with `?` for each value, a list of values as one, on one line."""
    parts = []
    for found in _PARTS.finditer(statement):
        kind = found.lastgroup
        if kind == "comment":
            parts.append(" ")
        elif kind in {"text", "number"}:
            parts.append("?")
        else:
            parts.append(found[0])
    shape = _LIST.sub("(...)", " ".join("".join(parts).split()))
    return shape if len(shape) <= _LONGEST else shape[: _LONGEST - 1] + "…"
