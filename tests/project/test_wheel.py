"""What is installed: one package, with the jobs and the migrations inside it."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

PROJECT = Path(__file__).resolve().parents[2]
pytestmark = pytest.mark.slow("builds what is installed")


@pytest.fixture
def installed(tmp_path: Path) -> Path:
    """The wheel, unpacked."""
    build = [sys.executable, "-m", "hatchling", "build", "--target", "wheel", "--directory"]
    subprocess.run([*build, str(tmp_path)], cwd=PROJECT, capture_output=True, check=True)
    (wheel,) = tmp_path.glob("*.whl")
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(tmp_path / "site")
    return tmp_path / "site"


def test_the_wheel_takes_one_name_and_works_from_anywhere(
    installed: Path, environment: dict[str, str], tmp_path: Path
) -> None:
    names = {path.name for path in installed.iterdir() if path.suffix != ".dist-info"}

    def savctl(*words: str) -> str:
        done = subprocess.run(
            [sys.executable, "-P", "-m", "savctl", *words],
            env={
                **environment,
                "PATH": os.environ["PATH"],
                "PYTHONPATH": str(installed),
                "SAVCTL_HOME": str(tmp_path / "home"),
            },
            cwd=tmp_path,
            capture_output=True,
            text=True,
            check=False,
            timeout=120,
        )
        assert done.returncode == 0, done.stderr
        return done.stdout

    created = ("--user", "456", "--subject", "Parcel", "--description", "Where?")
    savctl("ticket", "create", *created)  # makes the schema: the revisions were found
    jobs = {row["job"] for row in json.loads(savctl("job", "list", "-o", "json"))}

    assert names == {"savctl"}
    if (PROJECT / ".git").exists():
        commit = json.loads(savctl("version", "-o", "json"))["commit"]
        assert commit == (installed / "savctl" / "COMMIT").read_text().strip()
    assert jobs == {path.stem.replace("_", "-") for path in (PROJECT / "jobs").glob("[!_]*.py")}
