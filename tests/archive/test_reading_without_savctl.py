"""A bundle can be read with public tools alone, as docs/archive.md shows."""

from __future__ import annotations

import hashlib
import json
import shutil
import subprocess
from pathlib import Path

import pytest

from savctl.persistence.engine import Database
from savctl.ports import SetClock
from savctl.usecases.archive.cold_storage import ColdStorage, manifest_key
from tests.archive.support import archive, old_tickets
from tests.project.page_blocks import blocks

PAGE = Path(__file__).resolve().parents[2] / "docs" / "archive.md"
pytestmark = pytest.mark.only_on("sqlite")


@pytest.fixture
def bundle(database: Database, clock: SetClock, cold: ColdStorage, tmp_path: Path) -> Path:
    """A bundle as a file, as `mc cp` brings it."""
    old_tickets(database, 20)
    archive(database, clock, cold)
    (found,) = cold.objects()
    for key, name in ((found.key, "bundle.jsonl.zst"), (manifest_key(found.key), "manifest.json")):
        with cold.store.read(key) as pieces:
            (tmp_path / name).write_bytes(b"".join(pieces))
    return tmp_path / "bundle.jsonl.zst"


def test_the_manifest_tells_digest_sizes_and_counts(bundle: Path) -> None:
    values = json.loads((bundle.parent / "manifest.json").read_text())
    content = bundle.read_bytes()

    assert values["sha256"] == hashlib.sha256(content).hexdigest()
    assert values["size_bytes"] == len(content)
    assert (values["format"], values["lines"], values["tickets"]) == ("savctl-archive/1", 20, 20)
    assert (values["messages"], values["attachments"]) == (60, 4)


@pytest.mark.skipif(
    not (shutil.which("zstd") and shutil.which("jq")), reason="no zstd and jq on this machine"
)
def test_every_command_of_the_page_works(bundle: Path) -> None:
    block = next(b.text for b in blocks(PAGE) if b.why.startswith("a bundle"))
    commands = [line.partition("  #")[0].strip() for line in block.splitlines()]
    given = [c.replace("BUNDLE.jsonl.zst", str(bundle)).replace("456", "457") for c in commands]

    answers = [
        subprocess.run(
            ["bash", "-euo", "pipefail", "-c", c.replace("TKT-9XQ4C7PA", "TKT-000007")],
            check=True,
            capture_output=True,
            text=True,
        ).stdout
        for c in given
    ]

    assert answers[0].split()[0] == hashlib.sha256(bundle.read_bytes()).hexdigest()
    assert answers[1].split() == [f"TKT-{n:06d}" for n in range(1, 21)]
    assert json.loads(answers[2])["ticket"]["user_id"] == 463
    assert len(answers[3].splitlines()) == 3
