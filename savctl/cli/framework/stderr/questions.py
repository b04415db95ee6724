"""A question on the terminal, before anything is done."""

from __future__ import annotations

import sys

from savctl.errors import Interrupted


def has_person() -> bool:
    """Whether somebody can be asked: both stdin and stderr are a terminal."""
    return sys.stdin.isatty() and sys.stderr.isatty()


def answer_to(question: str) -> str:
    """What a person types.

    Raises:
        Interrupted: Ctrl-C.
    """
    try:
        sys.stderr.write(question)
        sys.stderr.flush()
        return sys.stdin.readline().strip()
    except KeyboardInterrupt:
        raise Interrupted("interrupted; nothing was done") from None
