"""The log on stderr: times in UTC, a message for people, identifiers as `extra` for machines."""

from __future__ import annotations

import logging
import sys
import time
from contextlib import suppress

LOGGER = "savctl"
# Text from the database may be in a message: no escape sequence reaches a terminal raw.
_HARMLESS = {code: f"\\x{code:02x}" for code in (*range(32), *range(127, 160)) if code != 10}


class _OnStderr(logging.Handler):
    """Writes to what stderr is at the moment; a full disk under it stops no job."""

    def emit(self, record: logging.LogRecord) -> None:
        with suppress(OSError):
            sys.stderr.write(self.format(record).translate(_HARMLESS) + "\n")


def to_stderr(level: int) -> None:
    """Write what savctl logs from this level on to stderr; calling it again sets the level."""
    logger = logging.getLogger(LOGGER)
    if not logger.handlers:
        formatter = logging.Formatter(
            "%(asctime)s %(levelname)s %(message)s", datefmt="%Y-%m-%dT%H:%M:%SZ"
        )
        formatter.converter = time.gmtime
        handler = _OnStderr()
        handler.setFormatter(formatter)
        logger.addHandler(handler)
    logger.setLevel(level)
