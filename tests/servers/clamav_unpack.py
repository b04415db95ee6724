"""Unpack clamd into `.cache/clamav/root`, without installing anything.

Installed, Debian's package would add a user and start a service that waits for a database of
signatures. Unpacked it does neither: 2 packages, 24 MB, with the machine's own libraries. The
tests bring signatures of their own. An installed clamd is used instead.

usage: python -m tests.servers.clamav_unpack     (always succeeds)
"""

import re
from pathlib import Path

from tests.servers import find
from tests.servers.install.apt_unpack import CannotUnpack, unpack
from tests.servers.install.notice import say, warn_of_missing

PACKAGE = "clamav-daemon"
DPKG_STATUS = Path("/var/lib/dpkg/status")


def main() -> None:
    """Unpack what is missing; tell in any case what comes of it."""
    if find.clamd() is None:
        say("unpacking clamd for the tests")
        reason = "unpacked, and still not found; `make clean` removes it"
        try:
            unpack(PACKAGE, find.CLAMAV_ROOT, installed=_installed(DPKG_STATUS))
        except CannotUnpack as failure:
            reason = str(failure)
        find.clamd.cache_clear()
        if find.clamd() is None:
            warn_of_missing("clamd", reason, packages=(PACKAGE,))


def _installed(status: Path) -> str:
    """What dpkg knows of this machine, but for parts of ClamAV: they all belong in one place."""
    if not status.is_file():
        return ""
    stanzas = status.read_text(errors="replace").split("\n\n")
    return "\n\n".join(s for s in stanzas if not re.match(r"Package: (lib)?clamav", s))


if __name__ == "__main__":
    main()
