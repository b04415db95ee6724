"""Where an export goes, and in which form."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

import typer

from savctl.cli.framework.choices import one_of
from savctl.errors import InvalidInput

Out = Annotated[str, typer.Option("--out", metavar="FILE", help="Where to; - is stdout.")]


def form_of(given: str | None, out: str, formats: Sequence[str]) -> str:
    """The format that was given, else that of the file's name.

    Raises:
        InvalidInput: it is none of these, or nothing shows it.
    """
    if given is not None:
        found = one_of("format", given, formats)
    else:
        name = Path(out).name.lower()
        fitting = [form for form in formats if name.endswith(f".{form}")]
        if not fitting:
            raise InvalidInput(
                "the file's name does not show its format", hint=f"--format {'|'.join(formats)}"
            )
        found = fitting[0]
    if found.endswith(".zst") and out == "-" and sys.stdout.isatty():
        raise InvalidInput("compressed data cannot be written to a terminal", hint="--out FILE")
    return found
