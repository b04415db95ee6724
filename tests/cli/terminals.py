"""A command line on a terminal of a given width."""

from __future__ import annotations

import os
import pty
from collections.abc import Mapping
from dataclasses import dataclass
from multiprocessing.connection import wait
from pathlib import Path

from tests.crash.forked_program import start


@dataclass(frozen=True, slots=True, kw_only=True)
class Terminal:
    """Runs savctl on a pseudo terminal and answers what the terminal receives."""

    environment: Mapping[str, str]

    def __call__(self, *words: str, width: int = 80, **variables: str) -> str:
        ours, theirs = pty.openpty()
        process = start(
            words,
            [theirs] * 3,
            cwd=Path.cwd(),
            environment={"TERM": "xterm", **self.environment, "COLUMNS": str(width)} | variables,
        )
        os.close(theirs)
        received = b""
        while True:
            try:
                received += (part := os.read(ours, 65_536))
            except OSError:  # Linux says so when the other side is closed
                break
            if not part:
                break
        wait([process.sentinel], timeout=60)
        os.close(ours)
        return received.decode().replace("\r\n", "\n")  # as the terminal itself ends lines
