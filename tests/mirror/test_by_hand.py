"""The commands of docs/recovery.md for a person without savctl work on a real mirror."""

from __future__ import annotations

import hashlib
import shutil
import subprocess
from pathlib import Path

import pytest

from savctl.adapters.backups.folder import BackupFolder
from tests.mirror.conftest import Mirrored
from tests.project.page_blocks import PROJECT, blocks

PAGE = PROJECT / "docs" / "recovery.md"
KEY = "tickets/1/photo.png"

pytestmark = [pytest.mark.only_on("sqlite"), pytest.mark.only_stores("directory")]


@pytest.mark.skipif(
    not (shutil.which("zstd") and shutil.which("jq")), reason="no zstd and jq on this machine"
)
def test_the_content_of_a_key_is_found_and_checked(m: Mirrored, tmp_path: Path) -> None:
    assert isinstance(m.files, BackupFolder)
    m.put("tickets/1/other.png", b"other")
    m.put(KEY, b"old")
    m.copy()
    m.put(KEY, b"photo")
    m.copy()
    digest = hashlib.sha256(b"photo").hexdigest()
    [block] = [b for b in blocks(PAGE) if b.why == "a mirror, zstd and jq"]
    text = block.text.replace("MIRROR", str(m.files.folder)).replace("KEY", KEY)

    shown = subprocess.run(
        ["bash", "-euo", "pipefail", "-c", text.replace("SHA256", digest)],
        capture_output=True,
        text=True,
        check=True,
        cwd=tmp_path,
    ).stdout.splitlines()

    assert shown[0].endswith(digest)
    assert shown[1].startswith(digest)
