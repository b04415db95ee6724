"""Whether the memory of an export grows with what is exported.

`savctl gdpr export` of a customer with few and with many tickets, each with messages and a file
on every fifth, and `savctl export tickets` of as many and of twenty times as many; the largest
memory that each process ever held is compared. On a private MariaDB; needs Linux's /proc.
"""

from __future__ import annotations

import argparse
import io
import sys
import tempfile
from collections.abc import Sequence
from contextlib import closing
from pathlib import Path
from zipfile import ZipFile

from benchmarks.framework.figures import Table, finish, say
from benchmarks.framework.load import fill, migrate, plain_connection
from benchmarks.framework.processes import Ran, run
from benchmarks.framework.servers import durable_server
from benchmarks.framework.shop import Shop
from savctl.adapters.directory.store import DirectoryStore
from tests.servers.databases.mysql_family import PrivateServer

TARGET_MB = 20
_FEW, _MANY = 50, 5_000
_SMALL, _FULL = 20_000, 100_000
_EVERY = 5
_CONTENT = b"x" * 100_000
_CUSTOMER = 456
_FILES = """
INSERT INTO ticket_attachments (ticket_id, original_name, filename, file_path, mime_type,
  file_size, created_at, updated_at)
SELECT id, 'photo.png', 'photo.png', CONCAT('tickets/', id, '/', MD5(id), '.png'), 'image/png',
  {size}, created_at, created_at FROM support_tickets WHERE id % {every} = 0"""


def main(words: Sequence[str] | None = None) -> int:
    """Measure, print, and answer 1 when the target is missed."""
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.tickets.export_memory", description=__doc__
    )
    parser.add_argument("--full", action="store_true", help="more tickets for export tickets")
    given = parser.parse_args(words)
    most = _FULL if given.full else _SMALL
    with durable_server() as server:
        table = Table(
            f"Memory of exports, {server.name}",
            ("command", "tickets", "largest MB", "seconds", "more than the first", "target"),
        )
        _compare(table, server, "gdpr export", (_FEW, _MANY))
        _compare(table, server, "export tickets", (most // 20, most))
    table.show()
    return finish([table])


def _compare(table: Table, server: PrivateServer, command: str, sizes: tuple[int, int]) -> None:
    few, many = (_ran(server, command, size) for size in sizes)
    more = many.peak_mb - few.peak_mb
    table.add(command, f"{sizes[0]:,}", few.peak_mb, few.seconds, "", "", is_met=None)
    figures = (f"{sizes[1]:,}", many.peak_mb, many.seconds, more, f"< {TARGET_MB}")
    table.add(command, *figures, is_met=more < TARGET_MB)


def _ran(server: PrivateServer, command: str, tickets: int) -> Ran:
    """One export of so many tickets of one customer."""
    server.drop_database("exported")
    url = server.create_database("exported")
    migrate(url)
    fill(url, Shop(tickets))
    is_person = command == "gdpr export"
    with tempfile.TemporaryDirectory() as folder:
        home = Path(folder)
        if is_person:
            _make_one_customer(url, home)
        say(f"{command} of {tickets:,} tickets")
        environment = {"SAVCTL_DATABASE_URL": url, "SAVCTL_HOME": folder}
        words = ["gdpr", "export", str(_CUSTOMER), "--out", f"{home / 'o.zip'}"]
        if not is_person:
            out = str(home / "t.jsonl.zst")
            words = ["export", "tickets", "--with", "messages,attachments", "--out", out]
        done = run(words, environment)
        if done.code:
            sys.exit(f"{command} failed:\n{done.text[-2000:]}")
        if is_person:
            _require(home / "o.zip", tickets)
    server.drop_database("exported")
    return done


def _make_one_customer(url: str, home: Path) -> None:
    """All tickets and what customers wrote are one customer's, with files in a folder."""
    with closing(plain_connection(url)) as connection, connection.cursor() as cursor:
        cursor.execute(f"UPDATE support_tickets SET user_id = {_CUSTOMER}")
        cursor.execute(
            f"UPDATE ticket_messages SET sender_id = {_CUSTOMER} WHERE sender_type = 'customer'"
        )
        cursor.execute(_FILES.format(size=len(_CONTENT), every=_EVERY))
        connection.commit()
        cursor.execute("SELECT file_path FROM ticket_attachments")
        keys = [str(row[0]) for row in cursor.fetchall()]
    with closing(DirectoryStore(home / "files")) as store:
        for key in keys:
            store.put(
                key, io.BytesIO(_CONTENT), size_bytes=len(_CONTENT), content_type="image/png"
            )


def _require(path: Path, tickets: int) -> None:
    with ZipFile(path) as archive:
        files = [name for name in archive.namelist() if name.startswith("files/")]
        text = archive.read("manifest.json")
    if len(files) != tickets // _EVERY or f'"tickets": {tickets},'.encode() not in text:
        sys.exit(f"the export holds {len(files)} files; {text[:300]!r}")


if __name__ == "__main__":
    sys.exit(main())
