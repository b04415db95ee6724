"""Install ministack, a second S3 server, into `.cache/ministack`, a virtual environment.

usage: python -m tests.servers.ministack_install     (always succeeds)
"""

from __future__ import annotations

import subprocess
import sys
import venv

from tests.servers import find
from tests.servers.notice import say, warn_of_missing

REQUIREMENTS = find.PROJECT / "requirements" / "ministack.txt"
STAMP = find.MINISTACK_HOME / "installed.txt"


def main() -> None:
    """Install what is missing or of another version; tell in any case what comes of it."""
    wanted = REQUIREMENTS.read_text()
    if "ministack" not in find.stores_wanted() or (
        STAMP.is_file() and STAMP.read_text() == wanted
    ):
        return
    say("installing ministack, an S3 server, for the tests")
    venv.create(find.MINISTACK_HOME, clear=True, with_pip=True)
    pip = [str(find.MINISTACK_HOME / "bin" / "python"), "-m", "pip", "--quiet"]
    install = ["install", "--disable-pip-version-check", "--require-hashes", "-r"]
    done = subprocess.run([*pip, *install, str(REQUIREMENTS)], check=False)
    if done.returncode == 0:
        STAMP.write_text(wanted)
    else:
        warn_of_missing("ministack", "pip could not install it", packages=())


if __name__ == "__main__":
    main()
    sys.exit(0)
