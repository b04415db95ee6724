"""A folder as object store, with the promises of a bucket (design 5.12).

    index.db     keys, versions, delete markers, parts: what is true
    content/     one file for each stored content, under a random name

A key never becomes a path. Content is written and synced first and named by the index in one
transaction, so an object is there whole or not at all, also after a power cut.
"""

from __future__ import annotations

import uuid
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from io import BytesIO
from pathlib import Path
from typing import BinaryIO

from savctl.adapters.directory import links
from savctl.adapters.directory.condition import INDEX, condition_of
from savctl.adapters.directory.content import Content, ContentFiles, Readable, pieces
from savctl.adapters.directory.errors import translating_errors
from savctl.adapters.directory.index import Index
from savctl.adapters.directory.uploads import DirectoryUploads
from savctl.adapters.directory.values import object_of, upload_of, version_of
from savctl.adapters.exact_reader import ExactReader
from savctl.adapters.object_keys import checked_key, checked_prefix, usable
from savctl.ports.clock import Clock, system_clock
from savctl.ports.objects import (
    Delivery,
    KeyFailure,
    NoSuchObject,
    ObjectVersion,
    OnPurged,
    PartialUpload,
    StoredObject,
    StoreUnavailable,
    nothing_else,
)
from savctl.ports.store_condition import StoreCondition
from savctl.private_files import make_private_file, make_private_folder
from savctl.shared_part import shared_part

ABANDONED = timedelta(days=1)  # a put that takes longer has died


class DirectoryStore:
    """A bucket in a folder, which is made on first use; safe for several processes at once.

    `is_expected` answers whether files must be in it already: then a folder without an index is
    no new one, but one whose disk is not mounted, and it is not made. `on_purged` is called with
    the keys that were purged.
    """

    def __init__(
        self,
        folder: Path,
        clock: Clock = system_clock,
        *,
        is_expected: Callable[[], bool] = lambda: False,
        on_purged: OnPurged = nothing_else,
    ) -> None:
        self._on_purged = on_purged
        self.folder = folder.absolute()
        self.name = str(self.folder)
        self._is_expected = is_expected
        self._files = ContentFiles(self.folder)
        self._clock = clock

    def close(self) -> None:
        """Close the index."""
        if "_index" in self.__dict__:
            self._index.close()
            del self.__dict__["_index"]

    def condition(self) -> StoreCondition:
        """The state of the folder, which need not be there yet."""
        with translating_errors(self.name):
            condition = condition_of(self.folder)
            self._require_it()
            return condition

    def is_public(self, key: str) -> bool:
        """Never: `condition` reports who can reach the folder."""
        checked_key(key)
        return False

    def put(self, key: str, content: BinaryIO, *, size_bytes: int, content_type: str) -> None:
        """Store content, whole or not at all."""
        checked_key(key)
        with translating_errors(self.name):
            stored = self._written(ExactReader(content, size_bytes), content_type)
            with self._index.change():
                self._index.claim(stored.file)
                self._index.add(key, stored, at=self._now())

    @contextmanager
    def read(self, key: str, version_id: str | None = None) -> Iterator[Iterator[bytes]]:
        """The content in pieces of 256 KiB at most."""
        checked_key(key)
        with translating_errors(self.name):
            try:
                stream = self._files.open(self._version(key, version_id).file)
            except FileNotFoundError:
                raise NoSuchObject(f"the content of {key} is gone from {self.name}") from None
        with stream:
            yield self._pieces(stream)

    def find(self, key: str) -> StoredObject | None:
        """The object, or None when there is none, it is hidden, or the disk lost its content."""
        checked_key(key)
        with translating_errors(self.name):
            row = self._index.newest(key)
            if row is None or row["file"] is None or not self._files.has(row["file"]):
                return None
        return object_of(row)

    def listing(self, prefix: str) -> Iterator[StoredObject]:
        """Every visible object below a prefix, by the bytes of its key."""
        checked_prefix(prefix)
        with translating_errors(self.name):
            yield from map(object_of, self._index.visible(prefix))

    def versions(self, prefix: str) -> Iterator[ObjectVersion]:
        """Every version and marker, by the bytes of the key and the newest first."""
        with translating_errors(self.name):
            yield from map(version_of, self._index.versions(prefix))

    def copy(self, source: str, target: str) -> None:
        """Let a second key name the same content."""
        checked_key(source)
        checked_key(target)
        with translating_errors(self.name), self._index.change():
            self._index.add(target, self._shown(source), at=self._now())

    def hide(self, keys: Iterable[str]) -> list[KeyFailure]:
        """Put a delete marker on each key, all in one transaction."""
        good, failures = usable(keys)
        with translating_errors(self.name), self._index.change():
            for key in good:
                self._index.add(key, None, at=self._now())
        return failures

    def unhide(self, key: str) -> bool:
        """Take the delete markers off a key's newest version."""
        checked_key(key)
        with translating_errors(self.name), self._index.change():
            rows = self._index.of_key(key)
            newest = next((row["id"] for row in rows if row["file"] is not None), None)
            if newest is None:
                return False
            self._index.drop([row for row in rows if row["id"] > newest], at=self._now())
        return True

    def purge(self, keys: Iterable[str]) -> list[KeyFailure]:
        """Remove every version and marker of each key, and the content with the last of them."""
        good, failures = usable(keys)
        with translating_errors(self.name):
            for key in good:
                with self._index.change():
                    self._index.drop(self._index.of_key(key), at=self._now())
        self.sweep()
        return failures + self._on_purged(good)

    def remains(self, key: str) -> int:
        """How many versions and markers of exactly this key are left."""
        checked_key(key)
        with translating_errors(self.name):
            return len(self._index.of_key(key))

    def url(self, key: str, *, seconds: int, delivery: Delivery) -> str:
        """A `file:` link to the content, for programs of this host that may read the folder."""
        checked_key(key)
        ends_at = self._clock() + timedelta(seconds=seconds)
        link = links.SignedLink(key=key, expires_at=ends_at, delivery=delivery)
        with translating_errors(self.name):
            path = self._files.path(self._shown(key).file)
            return links.signed(link, path=str(path), secret=self._secret)

    def open_link(self, url: str) -> links.SignedLink:
        """What a link grants.

        Raises:
            StoreRefused: it was changed, it belongs elsewhere, or its time is over.
        """
        with translating_errors(self.name):
            return links.opened(url, secret=self._secret, now=self._clock())

    def begin_parts(self, key: str, *, content_type: str) -> str:
        """Begin an upload in parts and answer its id."""
        checked_key(key)
        upload_id = uuid.uuid4().hex
        with translating_errors(self.name), self._index.change():
            self._uploads.begin(upload_id, key, content_type, at=self._now())
        return upload_id

    def put_part(self, key: str, upload_id: str, number: int, content: bytes) -> str:
        """Keep part `number`; one of the same number is replaced."""
        with translating_errors(self.name):
            part = self._written(BytesIO(content), "")
            with self._index.change():
                self._uploads.find(upload_id, key)
                self._index.claim(part.file)
                self._uploads.add_part(upload_id, number, part, at=self._now())
        return part.etag

    def end_parts(self, key: str, upload_id: str, tags: Iterable[str]) -> None:
        """Make the object out of the parts."""
        with translating_errors(self.name):
            upload = self._uploads.find(upload_id, key)
            parts = self._files.joined(self._uploads.whole(upload_id, tags))
            whole = self._written(parts, upload["content_type"])
            with self._index.change():
                self._uploads.find(upload_id, key)
                self._index.claim(whole.file)
                self._index.add(key, whole, at=self._now())
                self._uploads.forget(upload_id, at=self._now())
        self.sweep()

    def abort_parts(self, key: str, upload_id: str) -> None:
        """Forget an upload in parts; one that is gone already is done."""
        with translating_errors(self.name), self._index.change():
            if any(row["id"] == upload_id for row in self._uploads.under(key)):
                self._uploads.forget(upload_id, at=self._now())
        self.sweep()

    def partial_uploads(self, prefix: str) -> Iterator[PartialUpload]:
        """The uploads in parts under way."""
        with translating_errors(self.name):
            yield from map(upload_of, self._uploads.under(prefix))

    def sweep(self) -> int:
        """Remove content files that nothing names any more; answers how many."""
        done = 0
        with translating_errors(self.name):
            while files := self._index.due(self._now()):
                self._remove(files)
                done += len(files)
        return done

    @shared_part
    def _index(self) -> Index:
        self._require_it()
        make_private_folder(self.folder)
        file = self.folder / INDEX
        make_private_file(file)
        return Index(file)

    def _require_it(self) -> None:
        """Pass unless the folder is there without what must be in it.

        Raises:
            StoreGone: its disk is not mounted, most likely.
        """
        if not (self.folder / INDEX).exists() and self._is_expected():
            raise StoreUnavailable(
                f"the folder of files {self.name} has no {INDEX}, and the database names what "
                "should be in it",
                hint="Is its disk mounted, and is it the right folder (SAVCTL_STORAGE_URL)? To "
                f"start with an empty one: touch {self.folder / INDEX}",
            )

    @property
    def _uploads(self) -> DirectoryUploads:
        return DirectoryUploads(self._index)

    @shared_part
    def _secret(self) -> bytes:
        return self._index.secret()

    def _now(self) -> float:
        return self._clock().timestamp()

    def _shown(self, key: str) -> Content:
        row = self._index.newest(key)
        if row is None or row["file"] is None:
            raise NoSuchObject(f"{self.name} has no object {key}")
        return Content(**{name: row[name] for name in Content.__slots__})

    def _version(self, key: str, version_id: str | None) -> Content:
        if version_id is None:
            return self._shown(key)
        for row in self._index.of_key(key):
            if str(row["id"]) == version_id and row["file"] is not None:
                return Content(**{name: row[name] for name in Content.__slots__})
        raise NoSuchObject(f"{self.name} has no version {version_id} of {key}")

    def _written(self, source: Readable, content_type: str) -> Content:
        """A content file that the index knows as loose until it is claimed."""
        name = self._files.new_name()
        with self._index.change():
            self._index.loosen(name, due_at=self._now() + ABANDONED.total_seconds())
        try:
            return self._files.write(name, source, content_type)
        except BaseException:
            self._remove([name])
            raise

    def _remove(self, files: Iterable[str]) -> None:
        """Files first: what a crash leaves in the index is done again."""
        for file in files:
            self._files.remove(file)
        with self._index.change():
            for file in files:
                self._index.swept(file)

    def _pieces(self, stream: BinaryIO) -> Iterator[bytes]:
        with translating_errors(self.name):
            yield from pieces(stream)
