"""`make release`: the same bytes twice, sums that check, the changelog's section."""

from __future__ import annotations

import os
import subprocess
import sys
import tarfile
import zipfile
from pathlib import Path

import pytest

PROJECT = Path(__file__).resolve().parents[2]
pytestmark = pytest.mark.slow("builds a release twice")


def git(folder: Path, *words: str) -> None:
    author = ("-c", "user.name=Tests", "-c", "user.email=tests@example.org")
    subprocess.run(["git", "-C", str(folder), *author, *words], capture_output=True, check=True)


def checkout(folder: Path) -> Path:
    """A checkout elsewhere, of the files as they are here."""
    names = subprocess.run(
        [
            "git",
            "-C",
            str(PROJECT),
            "ls-files",
            "-z",
            "--cached",
            "--others",
            "--exclude-standard",
        ],
        capture_output=True,
        check=False,
    )
    if names.returncode != 0:
        pytest.skip("no Git checkout here: a release is built from one")
    folder.mkdir()
    for name in filter(None, names.stdout.decode().split("\0")):
        source = PROJECT / name
        if source.is_file() and not name.startswith("tests/"):
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            (folder / name).write_bytes(source.read_bytes())
            (folder / name).chmod(source.stat().st_mode & 0o777)
    git(folder, "init", "-q")
    git(folder, "add", "-A")
    git(folder, "commit", "-qm", "release", "--date", "2026-01-02T03:04:05Z")
    return folder


def release(folder: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, ".ci/release.py"],
        cwd=folder,
        capture_output=True,
        text=True,
        check=False,
        timeout=200,
    )


def test_a_release_is_the_same_bytes_elsewhere(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GIT_COMMITTER_DATE", "2026-01-02T03:04:05Z")
    first, second = checkout(tmp_path / "first"), checkout(tmp_path / "elsewhere")
    for path in second.rglob("*.py"):
        os.utime(path, (1, 1))

    built = [release(first), release(second)]

    assert [done.returncode for done in built] == [0, 0], built[0].stderr
    assert built[0].stdout == built[1].stdout
    names = sorted(path.name for path in (first / "dist").iterdir())
    assert [name.rpartition(".")[2] for name in names] == ["md", "SHA256SUMS", "whl", "gz"]
    subprocess.run(
        ["sha256sum", "--check", "--quiet", "SHA256SUMS"], cwd=first / "dist", check=True
    )
    (wheel,), (source,) = (first / "dist").glob("*.whl"), (first / "dist").glob("*.tar.gz")
    with zipfile.ZipFile(wheel) as archive:
        assert "savctl/COMMIT" in archive.namelist()
    with tarfile.open(source) as archive:
        held = {name.partition("/")[2] for name in archive.getnames()}
    assert {"docs/install.md", "deploy/systemd/savctl.service", "jobs/archive.py"} <= held
    changes = (first / "dist" / "CHANGES.md").read_text(encoding="utf-8")
    assert changes.startswith("# savctl ")
    assert changes.count("\n- ") > 3
    assert release(first).returncode == 1  # never over another release


def test_a_release_is_not_built_from_changes_without_a_commit(tmp_path: Path) -> None:
    folder = checkout(tmp_path / "changed")
    (folder / "savctl" / "extra.py").write_text("", encoding="utf-8")

    done = release(folder)

    assert (done.returncode, "without a commit" in done.stderr) == (1, True)
    assert not (folder / "dist").exists()
