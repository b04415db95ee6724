"""Unpack Galera into `.cache/galera/root`, for the installed MariaDB; nothing is installed.

usage: python -m tests.servers.galera.unpack     (always succeeds)
"""

from pathlib import Path

from tests.servers import find
from tests.servers.install.apt_unpack import CannotUnpack, unpack
from tests.servers.install.notice import say, warn_of_missing

PACKAGE = "galera-4"
ROOT = find.CACHE / "galera" / "root"
DPKG_STATUS = Path("/var/lib/dpkg/status")


def library() -> Path | None:
    """Galera as it is installed, or else as it was unpacked."""
    for root in (Path("/"), ROOT):
        found = root / "usr/lib/galera/libgalera_smm.so"
        if found.is_file():
            return found
    return None


def main() -> None:
    """Unpack it if it is missing; tell in any case what comes of it."""
    if library() is not None:
        return
    say("unpacking Galera for the tests")
    reason = "unpacked, and still not found; `make clean` removes it"
    try:
        installed = DPKG_STATUS.read_text(errors="replace") if DPKG_STATUS.is_file() else ""
        unpack(PACKAGE, ROOT, installed=installed)
    except CannotUnpack as failure:
        reason = str(failure)
    if library() is None:
        warn_of_missing("Galera", reason, packages=(PACKAGE,))


if __name__ == "__main__":
    main()
