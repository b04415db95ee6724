"""No planted value stands in anything that is stored: searched as bytes, in every file there is.

Database file and log, a server's data, undo and binary log, its dump, rows of every table, bundles
of the archive, exports (rules 13.1, 13.6; settled point 13).
"""

from __future__ import annotations

import json
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy.engine import make_url

from savctl.persistence.engine import Database
from tests.conftest import Cli
from tests.files.making import JPEG
from tests.given import snapshot, write
from tests.servers import find
from tests.servers.databases.mysql_family import PrivateServer
from tests.servers.missing import missing

pytestmark = pytest.mark.only_on("sqlite")
WORD = "Zaphod"
PLANTED = {
    "contact": {"name": f"{WORD} Beeblebrox", "notes": [f"{WORD} again"]},
    "phone": f"+33 {WORD}",
    "iban": f"FR76{WORD}",
}
_ZSTD = b"\x28\xb5\x2f\xfd"


@pytest.fixture(params=["sqlite", "mariadb"])
def place(
    request: pytest.FixtureRequest,
    cli: Cli,
    database_url: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> Iterator[tuple[Path, str]]:
    """Where the database has its files, and its address: a server writes a binary log as well."""
    if request.param == "sqlite":
        yield tmp_path, database_url
        return
    if (programs := find.mariadb()) is None:
        missing("mariadb")
    log = ("--log-bin=binary-log", "--binlog-format=ROW", "--server-id=1")
    with PrivateServer(programs, options=log) as server:
        url = server.create_database("searched")
        monkeypatch.setenv("SAVCTL_DATABASE_URL", url)
        assert cli("db", "upgrade").code == 0
        yield server.folder / "data", url


@pytest.mark.slow("starts a server with a binary log, and reads all of its files")
def test_no_planted_value_stands_in_any_file(
    configured: Path, cli: Cli, place: tuple[Path, str], tmp_path: Path
) -> None:
    folder, url = place
    (tmp_path / "photo.jpg").write_bytes(JPEG)
    new = ("ticket", "create", "--user", "456", "--subject", "s", "--description", "d")
    meta = [word for k, v in PLANTED.items() for word in ("--meta", f"{k}={json.dumps(v)}")]
    for more in (("--idempotency-key", "k"), ("--attach", "photo.jpg"), ()):
        made = cli(*new, *meta, *more, "-o", "json")
        assert made.code == 0, made.err
    ticket = f"id:{json.loads(made.out)['id']}"
    database = Database(url)
    for words in (
        ("ticket", "edit", ticket, "--meta", f"email={WORD}@example.org"),
        ("ticket", "assign", ticket, "--to", "5"),
        ("ticket", "resolve", ticket, "--as", "5"),
        ("ticket", "close", ticket, "--reason", "spam"),
        ("keys", "generate", "--kid", "K2"),
        ("keys", "rotate"),
        ("export", "tickets", "--out", "tickets.jsonl", "--yes"),
    ):
        outcome = cli(*words)
        assert outcome.code == 0, (words, outcome.err)
    write(database, "UPDATE support_tickets SET closed_at = '2020-01-01' WHERE status = 'closed'")
    assert cli("archive", "run", "--yes").code == 0
    assert WORD in cli("archive", "show", ticket).out

    with database.reading():  # so that the log of SQLite is there
        files = [path for root in {folder, tmp_path} for path in root.rglob("*") if path.is_file()]
        found = [path for path in files if WORD.encode() in content_of(path)]
    assert found == []
    names = " ".join(path.name for path in files)
    assert "tickets.jsonl" in names
    assert ("savctl.db-wal" in names) or ("binary-log.000001" in names)
    kept = repr(snapshot(database)).encode() + dump_of(url)
    assert WORD.encode() not in kept
    assert b"savctl:enc:1:K2:" in kept
    database.close()


def content_of(path: Path) -> bytes:
    """The bytes of a file, decompressed where it is a bundle."""
    raw = path.read_bytes()
    if not raw.startswith(_ZSTD):
        return raw
    from zstandard import ZstdDecompressor

    return ZstdDecompressor().decompressobj().decompress(raw)


def dump_of(url: str) -> bytes:
    """What the server's own program dumps; nothing where there is none."""
    program = shutil.which("mariadb-dump") or shutil.which("mysqldump")
    if program is None or url.startswith("sqlite"):
        return b""
    found = make_url(url)
    words = (f"--host={found.host}", f"--port={found.port}", "--protocol=tcp", "--user=root")
    done = subprocess.run(
        [program, *words, "--single-transaction", str(found.database)],
        capture_output=True,
        check=True,
    )
    return done.stdout
