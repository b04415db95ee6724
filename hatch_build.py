"""Writes the commit into the wheel; `savctl version` names it.

It is that of the checkout, or SAVCTL_COMMIT where only the files are, as in an image's build.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface


class CommitHook(BuildHookInterface):  # type: ignore[type-arg]
    """Adds `savctl/COMMIT` to a wheel."""

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """Add the file; without a checkout and without the variable the wheel has none."""
        commit = None if version == "editable" else self._commit()
        if commit is None:
            return
        self._folder = tempfile.TemporaryDirectory()
        file = Path(self._folder.name) / "COMMIT"
        file.write_text(f"{commit}\n", encoding="utf-8")
        build_data["force_include"][str(file)] = "savctl/COMMIT"

    def _commit(self) -> str | None:
        if named := os.environ.get("SAVCTL_COMMIT"):
            return named
        git = shutil.which("git")
        if git is None or not (Path(self.root) / ".git").exists():
            return None
        asked = subprocess.run(  # noqa: S603
            [git, "-C", self.root, "rev-parse", "HEAD"],
            capture_output=True,
            text=True,
            check=False,
        )
        return asked.stdout.strip() if asked.returncode == 0 else None

    def finalize(self, version: str, build_data: dict[str, Any], artifact_path: str) -> None:
        """Remove the file that was written for the wheel."""
        if hasattr(self, "_folder"):
            self._folder.cleanup()
