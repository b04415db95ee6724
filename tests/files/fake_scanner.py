"""A scanner in memory that keeps every promise of the port, its failures included."""

from __future__ import annotations

from typing import BinaryIO

from savctl.ports import ScannerUnavailable, ScanResult
from tests.files.making import EICAR

LIMIT_BYTES = 25 * 1_048_576


class FakeScanner:
    """Finds the standard test string at the start of content; `scanned` counts what it saw."""

    name = "fake"

    def __init__(self) -> None:
        self.is_up = True
        self.scanned = 0

    def scan(self, content: BinaryIO) -> ScanResult:
        """Read content to its end and answer what was found in it."""
        if not self.is_up:
            raise ScannerUnavailable("the fake scanner is down")
        self.scanned += 1
        head = content.read(len(EICAR))
        size = len(head)
        while piece := content.read(65_536):
            size += len(piece)
        if size > LIMIT_BYTES:
            raise ScannerUnavailable("the fake scanner takes no more than its limit")
        return ScanResult("Test-Signature" if head == EICAR else None)

    def check(self) -> str:
        """The scanner's version."""
        if not self.is_up:
            raise ScannerUnavailable("the fake scanner is down")
        return "ClamAV fake"
