"""The commands of docs/recovery.md for a person without savctl work on a real mirror."""

from __future__ import annotations

import hashlib
import json
import shutil
import subprocess
from pathlib import Path

import pytest

from savctl.adapters.backups.folder import BackupFolder
from savctl.persistence.engine import Database
from savctl.ports import SetClock
from tests.conftest import Cli
from tests.given import created, rows, write
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


@pytest.mark.slow("makes a backup")
@pytest.mark.skipif(
    not (shutil.which("zstd") and shutil.which("sqlite3")), reason="no zstd and sqlite3 here"
)
def test_a_database_and_a_ticket_of_it_come_back(
    cli: Cli,
    database: Database,
    clock: SetClock,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    backups = tmp_path / "backups"
    monkeypatch.setenv("SAVCTL_BACKUP_URL", f"file://{backups}")
    ticket = created(database, clock)
    before = rows(database, "SELECT * FROM support_tickets")
    made = json.loads(cli("backup", "create", "-o", "json").out)["id"]
    for table in ("ticket_messages", "support_tickets"):
        write(database, f"DELETE FROM {table}")
    texts = [b.text for b in blocks(PAGE) if b.why == "a backup, zstd and sqlite3"]
    text = "".join(texts).replace("BACKUPS/ID", f"{backups}/{made}")
    text = text.replace("LIVE", str(database.url.database)).replace("= 1", f"= {ticket.id}")

    done = subprocess.run(
        ["bash", "-euo", "pipefail", "-c", text],
        capture_output=True,
        text=True,
        check=True,
        cwd=tmp_path,
    )

    assert done.stdout.splitlines() == ["ok"]
    assert rows(database, "SELECT * FROM support_tickets") == before
