"""What is installed: one package with jobs and migrations, and pages and examples beside it."""

from __future__ import annotations

import json
import os
import re
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
    beside = {".dist-info", ".data"}
    names = {path.name for path in installed.iterdir() if path.suffix not in beside}

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
    (pages,) = installed.glob("*.data/data/share/man/man1")
    assert {page.name for page in pages.iterdir()} >= {"savctl.1", "savctl-ticket.1"}
    if (PROJECT / ".git").exists():
        commit = json.loads(savctl("version", "-o", "json"))["commit"]
        assert commit == (installed / "savctl" / "COMMIT").read_text().strip()
    assert jobs == {path.stem.replace("_", "-") for path in (PROJECT / "jobs").glob("[!_]*.py")}


def test_the_wheel_holds_the_pages_and_examples_that_help_and_pages_name(installed: Path) -> None:
    (share,) = installed.glob("*.data/data/share")
    sources = [p.read_text(encoding="utf-8") for p in (PROJECT / "savctl").rglob("*.py")]
    pages = [p.read_text(encoding="utf-8") for p in (PROJECT / "docs").glob("*.md")]

    named = {name for text in sources for name in re.findall(r"docs/([\w/-]+\.md)", text)}
    examples = {
        name for text in pages for name in re.findall(r"`deploy/([\w./@-]*[\w@-])/?`", text)
    }

    assert len(named) > 3
    assert len(examples) > 3
    assert [
        name for name in sorted(named) if not (share / "doc" / "savctl" / name).is_file()
    ] == []
    deployed = share / "savctl" / "deploy"
    assert [name for name in sorted(examples) if not (deployed / name).exists()] == []
