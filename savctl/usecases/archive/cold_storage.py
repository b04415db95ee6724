"""Bundles as objects: zstandard-compressed lines, and a manifest beside each.

Nothing here knows a row: lines go in, lines come out, and every read checks whether the object is
what was written.
"""

from __future__ import annotations

import hashlib
import json
import tempfile
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from io import BytesIO
from typing import IO
from uuid import uuid4

from zstandard import ZstdCompressor, ZstdDecompressor, ZstdError

from savctl import __version__
from savctl.domain.clock import second_text
from savctl.errors import Findings
from savctl.ports.objects import (
    KeyFailure,
    NoSuchObject,
    ObjectStore,
    StoredObject,
    StoreUnavailable,
)
from savctl.usecases.archive.lines import FORMAT, ticket_id_of

DEFAULT_PREFIX = "archive/"
SUFFIX = ".jsonl.zst"
_MANIFEST = ".manifest.json"
_SPOOL_BYTES = 8 * 1024 * 1024
_LEVEL = 3
_AT_ONCE = 2048


class Damaged(Findings):
    """A bundle in cold storage is not what was written; `what` describes it, behind its key."""

    code = "bundle_damaged"

    def __init__(self, key: str, what: str, *, hint: str | None = None, **facts: object) -> None:
        hint = (
            hint
            or "Run 'savctl archive verify' to find all; restore an older version of the object."
        )
        super().__init__(f"{key} {what}", hint=hint, object=key, **facts)
        self.what = what


@dataclass(frozen=True, slots=True, kw_only=True)
class Written:
    """What was written as an object: its digest, its sizes compressed and raw, its lines."""

    sha256: str
    size_bytes: int
    raw_bytes: int
    lines: int


def _no_question() -> None:
    """Nothing has to be asked before a bundle is stored."""


@dataclass(frozen=True, slots=True)
class ColdStorage:
    """Where bundles are kept: a store, and the prefix that is ours in it (ends in `/`)."""

    store: ObjectStore
    prefix: str

    @property
    def name(self) -> str:
        """What people call it."""
        return f"{self.store.name}/{self.prefix}"

    def new_key(self, at: datetime) -> str:
        """A key that was never used: what a killed run left under it would not be replaced."""
        return f"{self.prefix}{at:%Y/%m}/{uuid4().hex}{SUFFIX}"

    def write(
        self, key: str, lines: Iterable[bytes], *, ask: Callable[[], None] = _no_question
    ) -> Written:
        """Compress the lines and store them.

        `ask` is called when all lines are there and nothing is stored yet: it raises where the
        caller may not store them any more.

        Raises:
            StoreGone: the store does not answer; nothing, or all of it, is there.
        """
        with tempfile.SpooledTemporaryFile(_SPOOL_BYTES) as spool:
            raw, count = _compress(lines, spool)
            size = spool.tell()
            spool.seek(0)
            sha256 = hashlib.sha256()
            while piece := spool.read(1 << 18):
                sha256.update(piece)
            spool.seek(0)
            ask()
            self.store.put(
                key,
                spool,  # type: ignore[arg-type]
                size_bytes=size,
                content_type="application/zstd",
            )
        return Written(sha256=sha256.hexdigest(), size_bytes=size, raw_bytes=raw, lines=count)

    def describe(self, key: str, written: Written, *, at: datetime, **counts: int) -> None:
        """Store the manifest of a bundle; it names no customer."""
        manifest = {
            "format": FORMAT,
            "written_by": f"savctl {__version__}",
            "written_at": second_text(at),
            "object": key,
            "sha256": written.sha256,
            "size_bytes": written.size_bytes,
            "raw_bytes": written.raw_bytes,
            "lines": written.lines,
            **counts,
        }
        text = json.dumps(manifest, indent=2).encode() + b"\n"
        self.store.put(
            manifest_key(key),
            BytesIO(text),
            size_bytes=len(text),
            content_type="application/json",
        )

    def tickets(
        self, key: str, *, raw_bytes: int, sha256: str | None = None
    ) -> Iterator[tuple[int, bytes]]:
        """The lines of a bundle, each with the id of its ticket; else as `lines`.

        Raises:
            Damaged: also for a line that is no ticket's.
        """
        for line in self.lines(key, raw_bytes=raw_bytes, sha256=sha256):
            try:
                ticket_id = ticket_id_of(line)
            except ValueError as problem:
                raise Damaged(key, f"is not what was written: {problem}") from None
            yield ticket_id, line

    def lines(
        self, key: str, *, raw_bytes: int | None = None, sha256: str | None = None
    ) -> Iterator[bytes]:
        """The lines of a bundle, one after the other, of `raw_bytes` in all at most.

        With `sha256` the end is reached only when the whole object has this digest.

        Raises:
            Damaged: it is not there, cannot be decompressed, or has another digest.
            StoreGone: the store does not answer.
        """
        seen = hashlib.sha256()
        try:
            with self.store.read(key) as pieces:
                yield from _split(_decompressed(pieces, seen, raw_bytes))
        except NoSuchObject as problem:
            raise self._not_there(key) from problem
        except ZstdError as problem:
            raise Damaged(key, f"cannot be decompressed: {problem}") from problem
        if sha256 is not None and seen.hexdigest() != sha256:
            raise Damaged(key, "has another sha256 than was written")

    def has(self, key: str) -> bool:
        """Whether a bundle is there.

        Raises:
            StoreGone: the store does not answer.
        """
        return self.store.find(key) is not None

    def require(self, key: str) -> None:
        """Pass when a bundle is there: in the wrong place every removal looks like done.

        Raises:
            Damaged: it is not.
            StoreGone: the store does not answer.
        """
        if not self.has(key):
            raise self._not_there(key)

    def _not_there(self, key: str) -> Damaged:
        return Damaged(
            key,
            f"is not in {self.store.name}",
            hint="Is that where the archive is (SAVCTL_ARCHIVE_URL), and is it mounted? Else "
            "copy the object from a backup of the bucket.",
        )

    def manifest(self, key: str) -> dict[str, object]:
        """The manifest of a bundle.

        Raises:
            Damaged: there is none, or it is not readable.
        """
        try:
            with self.store.read(manifest_key(key)) as pieces:
                manifest = json.loads(b"".join(pieces))
        except (NoSuchObject, ValueError) as problem:
            raise Damaged(key, "has no manifest, or one that is not JSON") from problem
        return manifest if isinstance(manifest, dict) else {}

    def purge(self, key: str) -> None:
        """Remove a bundle and its manifest for good, every version.

        Raises:
            StoreGone: the store refuses or does not answer; it may be tried again.
        """
        failures: list[KeyFailure] = self.store.purge([key, manifest_key(key)])
        if failures:
            first = failures[0]
            raise StoreUnavailable(
                f"{first.key} could not be removed from {self.store.name}: {first.reason}"
            )

    def objects(self) -> Iterator[StoredObject]:
        """Every bundle that lies in cold storage, known or not."""
        found = self.store.listing(self.prefix)
        return (one for one in found if one.key.endswith(SUFFIX))


def manifest_key(key: str) -> str:
    """Where the manifest of a bundle is."""
    return key.removesuffix(SUFFIX) + _MANIFEST


def _compress(lines: Iterable[bytes], target: IO[bytes]) -> tuple[int, int]:
    raw = count = 0
    compressor = ZstdCompressor(level=_LEVEL, write_checksum=True)
    with compressor.stream_writer(target, closefd=False) as stream:
        for line in lines:
            stream.write(line + b"\n")
            raw += len(line) + 1
            count += 1
    return raw, count


def _decompressed(
    pieces: Iterator[bytes], seen: hashlib._Hash, most: int | None
) -> Iterator[bytes]:
    """Few bytes at a time: each of them may stand for thirty thousand."""
    decompressor = ZstdDecompressor(max_window_size=1 << 27).decompressobj()
    count = 0
    for piece in pieces:
        seen.update(piece)
        for start in range(0, len(piece), _AT_ONCE):
            raw = decompressor.decompress(piece[start : start + _AT_ONCE])
            count += len(raw)
            if most is not None and count > most:
                raise ZstdError("it is larger than what was written")
            yield raw
    if not decompressor.eof:
        raise ZstdError("it ends in the middle")


def _split(pieces: Iterator[bytes]) -> Iterator[bytes]:
    begun: list[bytes] = []  # of a line that goes on in the next piece
    for piece in pieces:
        begun.append(piece)
        if b"\n" in piece:
            *lines, rest = b"".join(begun).split(b"\n")
            yield from lines
            begun = [rest]
    if any(begun):
        raise ZstdError("the last line has no end")
