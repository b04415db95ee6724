"""The entry point: answers `--version` at once, then lets the root group do the rest."""

from __future__ import annotations

import sys

from savctl import __version__

TYPE_CHECKING = False  # type checkers take it for true; to import typing takes as long as Python
if TYPE_CHECKING:
    from typing import NoReturn

_VERSION_WORDS = (["--version"], ["-V"])
_HELP_WORDS: tuple[list[str], ...] = ([], ["--help"], ["-h"])


def main() -> NoReturn:
    """Run one command line and exit with its code."""
    if sys.argv[1:] in _VERSION_WORDS:
        sys.stdout.write(f"savctl {__version__}\n")
        sys.exit(0)
    import gc
    import os

    from savctl.runtime import begin_start_up

    if "_SAVCTL_COMPLETE" in os.environ:
        from savctl.cli.framework.words.completing import complete

        sys.exit(complete(os.environ["_SAVCTL_COMPLETE"], sys.argv[1:]))
    if sys.argv[1:] in _HELP_WORDS and _has_shown_help():
        sys.exit(0)
    os.umask(0o077)  # whatever is written below holds customers' data
    begin_start_up()
    from savctl.cli.framework.run import run
    from savctl.cli.framework.stderr.streams import settle

    code = run(sys.argv[1:])
    settle()
    gc.freeze()  # or the exit would look for garbage once more
    sys.exit(code)


def _has_shown_help() -> bool:
    """Show the first page of help; False when it cannot be written, which `run` reports."""
    from savctl.cli.groups import help_page, page_width

    try:
        sys.stdout.write(help_page(page_width()))
        sys.stdout.flush()
    except (AttributeError, OSError):  # closed, full, or left by its reader
        return False
    return True
