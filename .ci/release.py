"""Build what a release hands out: `make release` writes it into `dist/`.

- the wheel and the source archive, the same bytes from the same commit on any machine;
- `SHA256SUMS`, for `sha256sum --check`;
- `CHANGES.md`, the section of the changelog about this version.
"""

from __future__ import annotations

import hashlib
import os
import re
import subprocess
import sys
from pathlib import Path

PROJECT = Path(__file__).resolve().parents[1]
UNRELEASED = "Unreleased"


def main(folder: Path) -> int:
    """Build into an empty folder; answers 1 when something is in the way."""
    if (problem := _in_the_way(folder)) is not None:
        sys.stderr.write(f"{problem}\n")
        return 1
    when = _git("log", "-1", "--format=%ct")
    subprocess.run(  # noqa: S603
        [sys.executable, "-m", "hatchling", "build", "--directory", str(folder)],
        cwd=PROJECT,
        env={**os.environ, "SOURCE_DATE_EPOCH": when, "SAVCTL_COMMIT": _git("rev-parse", "HEAD")},
        check=True,
    )
    changes = folder / "CHANGES.md"
    changes.write_text(section(version()), encoding="utf-8")
    sums = [
        f"{hashlib.sha256(path.read_bytes()).hexdigest()}  {path.name}\n"
        for path in sorted(folder.iterdir())
    ]
    (folder / "SHA256SUMS").write_text("".join(sums), encoding="utf-8")
    sys.stdout.write("".join(sums))
    return 0


def version() -> str:
    """The version in `savctl/__init__.py`."""
    text = (PROJECT / "savctl" / "__init__.py").read_text(encoding="utf-8")
    found = re.search(r'^__version__ = "(.+)"$', text, re.MULTILINE)
    if found is None:
        raise SystemExit("savctl/__init__.py names no version")
    return found[1]


def section(named: str) -> str:
    """The changelog's section of a version; of what is not released while it has none."""
    text = (PROJECT / "CHANGELOG.md").read_text(encoding="utf-8")
    parts = re.split(r"^## (.+)\n", text, flags=re.MULTILINE)
    sections = dict(zip(parts[1::2], parts[2::2], strict=True))
    for heading, content in sections.items():
        if heading.split()[0] == named:
            return f"# savctl {named}\n{content}"
    return f"# savctl {named}, {UNRELEASED.lower()}\n{sections.get(UNRELEASED, '')}"


def _in_the_way(folder: Path) -> str | None:
    if _git("status", "--porcelain"):
        return "there are changes without a commit: a release is built from a commit"
    if folder.exists() and any(folder.iterdir()):
        return f"{folder} is not empty: remove it first"
    return None


def _git(*words: str) -> str:
    done = subprocess.run(  # noqa: S603
        ["git", "-C", str(PROJECT), *words],  # noqa: S607
        capture_output=True,
        text=True,
        check=True,
    )
    return done.stdout.strip()


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1] if len(sys.argv) > 1 else "dist").resolve()))
