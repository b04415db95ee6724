"""Writes the commit into the wheel, when it is built in a checkout; `savctl version` names it."""

from __future__ import annotations

import shutil
import subprocess
import tempfile
from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface


class CommitHook(BuildHookInterface):  # type: ignore[type-arg]
    """Adds `savctl/COMMIT` to a wheel."""

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """Take the commit from Git; without a checkout the wheel has no such file."""
        git = shutil.which("git")
        if version == "editable" or git is None or not (Path(self.root) / ".git").exists():
            return
        asked = subprocess.run(  # noqa: S603
            [git, "-C", self.root, "rev-parse", "HEAD"],
            capture_output=True,
            text=True,
            check=False,
        )
        if asked.returncode == 0:
            self._folder = tempfile.TemporaryDirectory()
            file = Path(self._folder.name) / "COMMIT"
            file.write_text(asked.stdout, encoding="utf-8")
            build_data["force_include"][str(file)] = "savctl/COMMIT"

    def finalize(self, version: str, build_data: dict[str, Any], artifact_path: str) -> None:
        """Remove the file that was written for the wheel."""
        if hasattr(self, "_folder"):
            self._folder.cleanup()
