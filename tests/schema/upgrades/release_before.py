"""The release before: built from this repository's history, and run as a program of its own."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import tarfile
import tempfile
import zipfile
from io import BytesIO
from pathlib import Path

import pytest

from tests.servers.find import CACHE, PROJECT

# The last commit whose schema is 0010: hosts may run it while another upgrades to ours.
COMMIT, SCHEMA = "c61f079", "0010"
_IN_ONE_PROCESS = """
import json, sys
from savctl.cli.framework.run import run
for words, codes in json.load(sys.stdin):
    code = 0
    try:
        code = run(words)
    except SystemExit as end:
        code = end.code or 0
    assert (code or 0) in codes, f"{words}: exit {code}"
"""


class ReleaseBefore:
    """savctl as it was, on one database."""

    def __init__(self, site: Path, url: str, environment: dict[str, str], home: Path) -> None:
        self._command = [sys.executable, "-P", "-m", "savctl"]
        self._environment = {
            **environment,
            "PATH": os.environ["PATH"],
            "PYTHONPATH": str(site),
            "SAVCTL_DATABASE_URL": url,
            "SAVCTL_HOME": str(home),
        }
        home.mkdir(parents=True, exist_ok=True)
        self._folder = home

    def __call__(self, *words: object, codes: tuple[int, ...] = (0,)) -> str:
        """Run a command to its end; answer what it prints."""
        done = subprocess.run(
            [*self._command, *map(str, words)],
            env=self._environment,
            cwd=self._folder,
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )
        assert done.returncode in codes, f"{words}: exit {done.returncode}\n{done.stderr}"
        return done.stdout

    def in_turn(self, *commands: tuple[object, ...], codes: tuple[int, ...] = (0,)) -> None:
        """Run commands one after the other in one process: to start it takes the longest."""
        given = [[[str(word) for word in words], codes] for words in commands]
        done = subprocess.run(
            [*self._command[:2], "-c", _IN_ONE_PROCESS],
            input=json.dumps(given),
            env=self._environment,
            cwd=self._folder,
            capture_output=True,
            text=True,
            timeout=200,
            check=False,
        )
        assert done.returncode == 0, done.stderr

    def start(self, *words: object) -> subprocess.Popen[str]:
        """Start a command that stays."""
        return subprocess.Popen(
            [*self._command, *map(str, words)],
            env=self._environment,
            cwd=self._folder,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            text=True,
        )


def wheel_of_before() -> Path:
    """Its wheel, unpacked; built once, kept in `.cache`. Skips where there is no history."""
    site = CACHE / "release-before" / COMMIT
    if site.is_dir():
        return site
    archive = subprocess.run(
        ["git", "-C", str(PROJECT), "archive", COMMIT], capture_output=True, check=False
    )
    if archive.returncode != 0:
        pytest.skip(f"no Git history with {COMMIT} here: the release before cannot be built")
    site.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=site.parent) as folder:
        source, wheels, made = Path(folder, "source"), Path(folder, "wheel"), Path(folder, "site")
        with tarfile.open(fileobj=BytesIO(archive.stdout)) as content:
            safely = {"filter": "data"} if hasattr(tarfile, "data_filter") else {}
            content.extractall(source, **safely)  # type: ignore[arg-type]  # noqa: S202 - our own
        build = [sys.executable, "-m", "hatchling", "build", "--target", "wheel", "--directory"]
        subprocess.run([*build, str(wheels)], cwd=source, capture_output=True, check=True)
        (wheel,) = wheels.glob("*.whl")
        with zipfile.ZipFile(wheel) as packed:
            packed.extractall(made)  # noqa: S202 - our own wheel
        shutil.move(made, site)
    return site
