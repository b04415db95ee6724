"""The entry point: answers `--version` at once, then lets the root group do the rest."""

from __future__ import annotations

import gc
import os
import sys
from typing import NoReturn

from savctl import __version__
from savctl.runtime import begin_start_up

_VERSION_WORDS = (["--version"], ["-V"])


def main() -> NoReturn:
    """Run one command line and exit with its code."""
    if sys.argv[1:] in _VERSION_WORDS:
        sys.stdout.write(f"savctl {__version__}\n")
        sys.exit(0)
    if "_SAVCTL_COMPLETE" in os.environ:
        from savctl.cli.framework.words.completing import complete

        sys.exit(complete(os.environ["_SAVCTL_COMPLETE"], sys.argv[1:]))
    os.umask(0o077)  # whatever is written below holds customers' data
    begin_start_up()
    from savctl.cli.framework.run import run
    from savctl.cli.framework.stderr.streams import settle

    code = run(sys.argv[1:])
    settle()
    gc.freeze()  # or the exit would look for garbage once more
    sys.exit(code)
