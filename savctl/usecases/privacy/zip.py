"""The ZIP of an export: members written one after the other, each with its digest on a list."""

from __future__ import annotations

import hashlib
import json
import tempfile
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from datetime import datetime
from zipfile import ZIP_DEFLATED, ZIP_STORED, ZipFile, ZipInfo

from savctl.domain.model.json_text import encode
from savctl.usecases.batch.atomic_file import Bytes

SUMS, MANIFEST = "SHA256SUMS", "manifest.json"
_OWNERS_ONLY = 0o600 << 16
_PIECE = 65_536
_FIRST_YEAR, _LAST_YEAR = 1980, 2107  # what a ZIP can hold


class Container:
    """A ZIP being written. Sizes over 4 GiB and more than 65,535 members are no matter."""

    def __init__(self, stream: Bytes, *, made_at: datetime) -> None:
        self._zip = ZipFile(stream, "w", allowZip64=True)
        self._made_at = made_at
        self._members = tempfile.TemporaryFile("w+", encoding="utf-8")  # noqa: SIM115

    def add(
        self, name: str, pieces: Iterable[bytes], *, at: datetime | None = None, packs: bool = True
    ) -> int:
        """Write one member and answer its size; `packs` for what is not compressed yet."""
        info = ZipInfo(name, _zip_time(at or self._made_at))
        info.compress_type = ZIP_DEFLATED if packs else ZIP_STORED
        info.external_attr = _OWNERS_ONLY
        digest, size = hashlib.sha256(), 0
        with self._zip.open(info, "w", force_zip64=True) as member:
            for piece in pieces:
                member.write(piece)
                digest.update(piece)
                size += len(piece)
        entry = {"name": name, "bytes": size, "sha256": digest.hexdigest()}
        self._members.write(f"{json.dumps(entry)}\n")
        return size

    def add_text(self, name: str, pieces: Iterable[str]) -> None:
        """Write one member of text."""
        self.add(name, _encoded(pieces))

    def finish(self, manifest: dict[str, object]) -> None:
        """Write the manifest (with every member), the list of digests, and the end."""
        self.add_text(MANIFEST, self._manifest(manifest))
        self.add_text(SUMS, (f"{m['sha256']}  {m['name']}\n" for m in self._listed()))
        self._zip.close()  # only now its end is written

    def close(self) -> None:
        """Forget the list of members; of a ZIP that was not finished the end as well."""
        try:
            self._zip.close()
        finally:
            self._members.close()

    def _manifest(self, manifest: dict[str, object]) -> Iterator[str]:
        yield f'{encode(manifest)[:-1]}, "members": ['
        for number, member in enumerate(self._listed()):
            yield f"{',' if number else ''}\n{encode(member)}"
        yield "\n]}\n"

    def _listed(self) -> Iterator[dict[str, object]]:
        self._members.seek(0)
        for line in self._members:
            yield json.loads(line)
        self._members.seek(0, 2)


@contextmanager
def container(stream: Bytes, *, made_at: datetime) -> Iterator[Container]:
    """A new ZIP in this file."""
    made = Container(stream, made_at=made_at)
    try:
        yield made
    finally:
        made.close()


def _encoded(pieces: Iterable[str]) -> Iterator[bytes]:
    """The text in pieces that are worth compressing."""
    held, size = [], 0
    for piece in pieces:
        held.append(piece)
        size += len(piece)
        if size >= _PIECE:
            yield "".join(held).encode("utf-8", "backslashreplace")
            held, size = [], 0
    yield "".join(held).encode("utf-8", "backslashreplace")


def _zip_time(at: datetime) -> tuple[int, int, int, int, int, int]:
    year = min(max(at.year, _FIRST_YEAR), _LAST_YEAR)
    return (year, at.month, at.day, at.hour, at.minute, at.second)
