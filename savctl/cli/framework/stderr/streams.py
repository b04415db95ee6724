"""stdin, stdout and stderr as savctl was given them: closed, full, or left by their reader."""

from __future__ import annotations

import os
import select
import sys
import threading
from contextlib import suppress
from pathlib import Path
from typing import TextIO


def prepare() -> None:
    """Have all three, in UTF-8. Whoever closed one (`savctl … >&-`) wants nothing of it."""
    for name, mode in (("stdin", "r"), ("stdout", "w"), ("stderr", "w")):
        if getattr(sys, name) is None:
            nowhere = Path(os.devnull).open(mode, encoding="utf-8")  # noqa: SIM115
            setattr(sys, name, nowhere)
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(encoding="utf-8", errors="backslashreplace")


class _Line:
    """The line of the terminal that is rewritten in place, while there is one."""

    is_open = False
    lock = threading.RLock()


def write_line(text: str) -> None:
    """Print it on stderr; without room for it the work goes on."""
    with suppress(OSError), _Line.lock:
        erase_line()
        sys.stderr.write(text)
        sys.stderr.flush()


def rewrite_line(text: str) -> None:
    """Show a line of stderr that the next one takes the place of; for a terminal only."""
    with suppress(OSError), _Line.lock:
        _Line.is_open = True
        sys.stderr.write(f"\r{text}\x1b[K")
        sys.stderr.flush()


def erase_line() -> None:
    """Clear the line that is rewritten in place, if there is one."""
    with suppress(OSError), _Line.lock:
        if _Line.is_open:
            _Line.is_open = False
            sys.stderr.write("\r\x1b[K")
            sys.stderr.flush()


class _Stderr:
    """Whether each line of stderr is to have the form of a JSON log (rules 18.4)."""

    has_log_lines = False


def use_log_lines(*, wanted: bool) -> None:
    """Decide it for this invocation."""
    _Stderr.has_log_lines = wanted


def has_log_lines() -> bool:
    """What was decided."""
    return _Stderr.has_log_lines


def settle() -> None:
    """Give up what stderr had no room for: it would change the exit code."""
    try:
        sys.stderr.flush()
    except OSError:
        with suppress(OSError):
            _silence(sys.stderr)


def has_reader() -> bool:
    """Whether somebody is still there to read stdout."""
    poll = select.poll()
    poll.register(sys.stdout.fileno(), select.POLLOUT)
    return not any(found & select.POLLERR for _, found in poll.poll(0))


def silence_stdout() -> None:
    """What stdout still holds goes nowhere: it would fail once more at the exit."""
    _silence(sys.stdout)


def _silence(stream: TextIO) -> None:
    os.dup2(os.open(os.devnull, os.O_WRONLY), stream.fileno())
