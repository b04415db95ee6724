"""A virtual environment of its own in `.cache`, for programs that the tests start."""

from __future__ import annotations

import subprocess
import venv
from pathlib import Path

from tests.servers.install.notice import say, warn_of_missing


def is_installed(home: Path, requirements: Path) -> bool:
    """Whether exactly these requirements are there."""
    stamp = home / "installed.txt"
    return stamp.is_file() and stamp.read_text() == requirements.read_text()


def install(what: str, home: Path, requirements: Path, *, purpose: str) -> None:
    """Install what is missing or of another version; print in any case what comes of it."""
    if is_installed(home, requirements):
        return
    say(f"installing {what}, for {purpose}")
    venv.create(home, clear=True, with_pip=True)
    pip = [str(home / "bin" / "python"), "-m", "pip", "--quiet"]
    options = ["install", "--disable-pip-version-check", "--require-hashes", "-r"]
    done = subprocess.run([*pip, *options, str(requirements)], check=False)
    if done.returncode == 0:
        (home / "installed.txt").write_text(requirements.read_text())
    else:
        warn_of_missing(what, "pip could not install it", packages=())
