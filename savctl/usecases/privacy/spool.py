"""Records on the disk, so that a person's data is read once and written out several times."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Callable, Iterable, Iterator
from datetime import datetime

from savctl.domain.clock import second_text
from savctl.domain.imports.records import Item
from savctl.domain.model.json_text import encode
from savctl.domain.privacy.disclosure import Kind, Record
from savctl.errors import Unavailable

_TABLE = (
    "CREATE TABLE records (elsewhere INTEGER, owner INTEGER, n INTEGER, kind TEXT, body TEXT, "
    "PRIMARY KEY (elsewhere, owner, n)) WITHOUT ROWID"
)
_READ = "SELECT kind, body FROM records ORDER BY elsewhere, owner, n"


class Spool:
    """Records in a file without a name, wherever they came from, in one order.

    Tickets by id, each with what follows it; then the messages elsewhere by id. SQLite makes the
    file (in SQLITE_TMPDIR or TMPDIR), keeps some MB in memory, and a killed process leaves none.
    """

    def __init__(self) -> None:
        self._file = sqlite3.connect("", isolation_level=None)
        for statement in ("PRAGMA journal_mode=OFF", "PRAGMA synchronous=OFF", _TABLE, "BEGIN"):
            self._file.execute(statement)
        self._place = (False, 0)
        self._count = 0

    def fill(self, records: Iterable[Item], on_record: Callable[[Kind, Record], None]) -> None:
        """Take records, those of one ticket or message together.

        Raises:
            Unavailable: there is no room for them.
        """
        for kind, record in records:
            manifest = {
                name: second_text(value) if isinstance(value, datetime) else value
                for name, value in record.items()
            }
            if kind in {Kind.TICKET, Kind.ELSEWHERE}:
                self._place = (kind is Kind.ELSEWHERE, int(record["id"]))
            on_record(kind, manifest)
            self._count += 1
            row = (*self._place, self._count, str(kind), encode(manifest))
            self._put(row)

    def _put(self, row: tuple[object, ...]) -> None:
        try:
            self._file.execute("INSERT INTO records VALUES (?, ?, ?, ?, ?)", row)
        except sqlite3.OperationalError as problem:
            raise Unavailable(
                f"cannot put the rows aside: {problem}",
                hint="Make room in the folder for temporary files, which TMPDIR moves.",
            ) from problem

    def __iter__(self) -> Iterator[Item]:
        for kind, body in self._file.execute(_READ):
            yield Kind(kind), json.loads(body)

    def close(self) -> None:
        """Forget it all."""
        self._file.close()
