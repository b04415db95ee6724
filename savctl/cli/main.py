"""The entry point: answers `--version` at once, then lets the root group do the rest."""

from __future__ import annotations

import gc
import os
import sys
from typing import NoReturn

from savctl import __version__

_VERSION_WORDS = (["--version"], ["-V"])
# What a start imports stays to the end: looking through it for garbage again and again, and once
# more at the exit, would be a quarter of the time of `savctl ticket show`.
_COLLECT_EVERY = 50_000


def main() -> NoReturn:
    """Run one command line and exit with its code."""
    if sys.argv[1:] in _VERSION_WORDS:
        sys.stdout.write(f"savctl {__version__}\n")
        sys.exit(0)
    if "_SAVCTL_COMPLETE" in os.environ:
        from savctl.cli.framework.words.completing import complete

        sys.exit(complete(os.environ["_SAVCTL_COMPLETE"], sys.argv[1:]))
    os.umask(0o077)  # whatever is written below holds customers' data
    gc.set_threshold(_COLLECT_EVERY)
    from savctl.cli.framework.run import run
    from savctl.cli.framework.streams import settle

    code = run(sys.argv[1:])
    settle()
    gc.freeze()
    sys.exit(code)
