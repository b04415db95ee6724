"""The commit that this savctl was made from, when it is known."""

from __future__ import annotations

import json
from importlib.metadata import PackageNotFoundError, distribution
from pathlib import Path

_PACKAGE = Path(__file__).resolve().parent


def commit() -> str | None:
    """The commit's hash: of the wheel's build, of `pip install git+…`, or of the checkout."""
    return _of_build() or _of_installation() or _of_checkout(_PACKAGE.parent)


def _of_build() -> str | None:
    file = _PACKAGE / "COMMIT"
    return file.read_text(encoding="utf-8").strip() if file.is_file() else None


def _of_installation() -> str | None:
    try:
        origin = json.loads(distribution("savctl").read_text("direct_url.json") or "{}")
    except (PackageNotFoundError, ValueError):
        return None
    found = origin.get("vcs_info", {}).get("commit_id")
    return str(found) if found else None


def _of_checkout(folder: Path) -> str | None:
    """What HEAD stands for; Git itself need not be installed."""
    git = folder / ".git"
    try:
        if git.is_file():  # a worktree: the file names its folder
            git = folder / git.read_text(encoding="utf-8").partition("gitdir:")[2].strip()
        head = (git / "HEAD").read_text(encoding="utf-8").strip()
        if not head.startswith("ref: "):
            return head
        shared = git / "commondir"
        home = git / shared.read_text(encoding="utf-8").strip() if shared.is_file() else git
        return _of_reference(home, head.removeprefix("ref: "))
    except OSError:
        return None


def _of_reference(home: Path, name: str) -> str | None:
    loose = home / name
    if loose.is_file():
        return loose.read_text(encoding="utf-8").strip()
    packed = (home / "packed-refs").read_text(encoding="utf-8").splitlines()
    found = (line.split()[0] for line in packed if line.endswith(f" {name}"))
    return next(found, None)
