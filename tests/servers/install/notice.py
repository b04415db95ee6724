"""What the preparations say to the person at the terminal."""

import sys
from collections.abc import Sequence


def say(line: str) -> None:
    """One line about what goes on."""
    sys.stderr.write(f"{line}\n")


def warn_of_missing(server: str, reason: str, *, packages: Sequence[str]) -> None:
    """A frame that cannot be overlooked: tests will be skipped."""
    frame = "*" * 78
    say(
        f"{frame}\nNO {server.upper()}: {reason}.\n"
        "Every test that needs it is skipped. To run them, install by hand:\n"
        f"    apt-get install {' '.join(packages)}\n{frame}"
    )
