"""Install ministack, a second S3 server, into `.cache/ministack`, a virtual environment.

usage: python -m tests.servers.stores.ministack_install     (always succeeds)
"""

from __future__ import annotations

import sys

from tests.servers import find
from tests.servers.install.venv_install import install

REQUIREMENTS = find.PROJECT / "requirements" / "ministack.txt"


def main() -> None:
    """Install what is missing or of another version; print in any case what comes of it."""
    if "ministack" in find.stores_wanted():
        install("ministack", find.MINISTACK_HOME, REQUIREMENTS, purpose="the tests of buckets")


if __name__ == "__main__":
    main()
    sys.exit(0)
