"""Failures on stderr, in words or as a JSON line (contract: command line, 1.2)."""

from __future__ import annotations

import json

from savctl.cli.framework.streams import write_line
from savctl.cli.framework.text import json_safe, safe
from savctl.errors import SavError


def error_line(failure: SavError) -> str:
    """The failure as one JSON line (contract: command line, 1.2)."""
    error = {
        "code": failure.code,
        "message": failure.message,
        "hint": failure.hint,
        "exit": int(failure.exit_code),
        **failure.facts,
    }
    return json_safe(json.dumps({"error": error}, ensure_ascii=False, default=str))


def message_line(kind: str, text: str) -> str:
    """A note or a warning as one JSON line: `{"note": "…"}`."""
    return json_safe(json.dumps({kind: text}, ensure_ascii=False))


def write_failure(failure: SavError, *, as_json: bool) -> None:
    """Print a failure to stderr, in words or as a JSON line."""
    if as_json:
        write_line(error_line(failure) + "\n")
        return
    hint = f"  hint: {safe(failure.hint)}\n" if failure.hint else ""
    first, *more = failure.lines or (failure.message,)
    listed = "".join(f"  {safe(line)}\n" for line in more)
    write_line(f"error: {safe(first)}\n{listed}{hint}")
