"""Places in a server's binary logs, and their order (rules 17.4)."""

from __future__ import annotations

import re
from dataclasses import dataclass

from savctl.errors import InvalidInput

_LOG = re.compile(r"(?P<base>.+)\.(?P<number>\d{6,})")
_POSITION = re.compile(r"(?P<log>[^:\s]+\.\d{6,}):(?P<offset>\d{1,19})")
FIRST_OFFSET = 4  # behind the four bytes that mark the file


@dataclass(frozen=True, slots=True)
class LogPosition:
    """A place between two events: the name of a log and the bytes before it."""

    log: str
    offset: int

    @property
    def number(self) -> int:
        """The number of the log; a server counts them up."""
        return log_number(self.log)

    @property
    def order(self) -> tuple[int, int]:
        """What compares two places of one series of logs."""
        return self.number, self.offset

    def __str__(self) -> str:
        return f"{self.log}:{self.offset}"


def log_number(name: str) -> int:
    """The number in the name of a log.

    Raises:
        InvalidInput: it is not the name of a binary log.
    """
    return int(_parts(name)["number"])


def series_of(name: str) -> str:
    """The name without its number: logs of one series follow each other."""
    return _parts(name)["base"]


def next_to(name: str) -> str:
    """The name of the log that a server writes behind this one."""
    found = _parts(name)
    width = len(found["number"])
    return f"{found['base']}.{int(found['number']) + 1:0{width}d}"


def position(text: str) -> LogPosition | None:
    """The place that a text such as `binlog.000007:1234` names; None when it is no such text."""
    found = _POSITION.fullmatch(text.strip())
    return None if found is None else LogPosition(found["log"], int(found["offset"]))


def _parts(name: str) -> re.Match[str]:
    found = _LOG.fullmatch(name)
    if found is None:
        raise InvalidInput(f"{name[:60]!r} is not the name of a binary log")
    return found
