"""The entry point: answers `--version` at once, then lets the root group do the rest."""

from __future__ import annotations

import sys
from typing import NoReturn

from savctl import __version__

_VERSION_WORDS = (["--version"], ["-V"])


def main() -> NoReturn:
    """Run one command line and exit with its code."""
    if sys.argv[1:] in _VERSION_WORDS:
        sys.stdout.write(f"savctl {__version__}\n")
        sys.exit(0)
    from savctl.cli._run import run

    sys.exit(run(sys.argv[1:]))
