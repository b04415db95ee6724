"""Failures on stderr, in words or as a JSON line (contract: command line, 1.2)."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator, Sequence

from savctl.cli.framework.stderr.streams import has_log_lines, write_line
from savctl.cli.framework.terminal import wants_colour
from savctl.cli.framework.text import json_safe, safe
from savctl.errors import Interrupted, SavError

_MOST_CAUSES = 8
_LONGEST = 500
_FIELDS = ("job", "run_id", "ticket_id")  # of every line of a JSON log that is about one


def error_line(failure: SavError, *, causes: Sequence[str] = ()) -> str:
    """The failure as one JSON line (contract: command line, 1.2), or as one of a JSON log."""
    error = {
        "code": failure.code,
        "message": failure.message,
        "hint": failure.hint,
        "exit": int(failure.exit_code),
        **failure.facts,
        **({"causes": list(causes)} if causes else {}),
    }
    if has_log_lines():
        known = {name: failure.facts[name] for name in _FIELDS if name in failure.facts}
        return _log_line("error", "command_failed", failure.message, **known, error=error)
    return json_safe(json.dumps({"error": error}, ensure_ascii=False, default=str))


def message_line(kind: str, text: str) -> str:
    """A note or a warning as one JSON line: `{"note": "…"}`, or as one of a JSON log."""
    if has_log_lines():
        return _log_line("warning" if kind == "warning" else "info", kind, text)
    return json_safe(json.dumps({kind: text}, ensure_ascii=False))


def write_failure(
    failure: SavError, *, as_json: bool, is_verbose: bool = False, color: str = "auto"
) -> None:
    """Print a failure to stderr, in words or as a JSON line; `-v` adds what led to it."""
    causes = list(_causes(failure)) if is_verbose else []
    if as_json or has_log_lines():
        write_line(error_line(failure, causes=causes) + "\n")
        return
    hint = f"  hint: {safe(failure.hint)}\n" if failure.hint else ""
    first, *more = failure.lines or (failure.message,)
    listed = "".join(f"  {safe(line)}\n" for line in more)
    listed += "".join(f"  cause: {safe(cause)}\n" for cause in causes)
    if isinstance(failure, Interrupted):  # a terminal shows ^C behind what was typed or counted
        write_line("\n" * sys.stderr.isatty() + f"{safe(failure.message)}\n")
        return
    from savctl.cli.framework.tables.colours import red

    has_colours = wants_colour(color, is_terminal=sys.stderr.isatty())
    label = red("error:") if has_colours else "error:"
    write_line(f"{label} {safe(first)}\n{listed}{hint}")


def _log_line(level: str, event: str, message: str, **fields: object) -> str:
    from savctl.log import json_line

    return json_line(level, event, message, **fields)


def _causes(failure: BaseException) -> Iterator[str]:
    """What was raised before, the nearest first: never a statement, which holds its values."""
    cause = failure.__cause__
    for _ in range(_MOST_CAUSES):
        if cause is None:
            return
        holds_statement = hasattr(cause, "orig")  # SQLAlchemy's; the driver's own is behind it
        if not holds_statement and not isinstance(cause, SavError):
            yield _cause(cause)
        cause = getattr(cause, "orig", None) or cause.__cause__ or cause.__context__


def _cause(cause: BaseException) -> str:
    """For a person its text; a log has the driver's number, as the text may repeat a value."""
    name = type(cause).__name__
    if not has_log_lines():
        return f"{name}: {cause}"[:_LONGEST]
    number = next((arg for arg in cause.args if isinstance(arg, int)), None)
    return name if number is None else f"{name} {number}"
