"""What savctl needs of a malware scanner (rules 7.1)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import BinaryIO, Protocol

from savctl.errors import Unavailable


class ScannerUnavailable(Unavailable):
    """The scanner gave no verdict: unreachable, too slow, too large, an error. Never a pass."""

    code = "scanner_unavailable"


@dataclass(frozen=True, slots=True)
class ScanResult:
    """What the scanner found; `threat` is its name, or None for clean content."""

    threat: str | None


class Scanner(Protocol):
    """A malware scanner."""

    name: str

    def scan(self, content: BinaryIO) -> ScanResult:
        """Read content to its end and answer what was found in it.

        Raises:
            ScannerGone: there is no verdict; the content must be refused.
        """
        ...

    def check(self) -> str:
        """The scanner's version and signatures, as it reports them.

        Raises:
            ScannerGone: it does not answer.
        """
        ...
