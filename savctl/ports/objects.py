"""What savctl needs of an object store (rules 7).

Three verbs that never blur: *hide* puts a delete marker on a key and can be undone, *purge*
removes every version and marker of it for good, and *remains* answers whether that is true.
Keys are compared byte for byte. Prefixes end in `/`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import datetime
from typing import BinaryIO, Protocol

from savctl.errors import NotFound, NotPermitted, Refused, Unavailable
from savctl.ports.store_condition import StoreCondition


class StoreUnavailable(Unavailable):
    """The object store does not answer, or broke off; it is safe to try again."""

    code = "storage_unavailable"


class StoreRefused(NotPermitted):
    """The object store refuses the keys, or the right to do this."""

    code = "storage_refused"


class NoSuchObject(NotFound):
    """There is no (visible) object of this key, or no such upload."""

    code = "no_such_object"


class NoSuchBucket(NotFound):
    """There is no such bucket: nothing is known about any object."""

    code = "no_such_bucket"


class UnusableKey(Refused):
    """No object can have this key: servers and paths would take it for another one."""

    code = "unusable_key"


class ContentChanged(Refused):
    """What was to be stored is not what was promised: another size, or other parts."""

    code = "content_changed"


class NotVersioned(Refused):
    """The bucket keeps no versions: what is hidden there would be lost."""

    code = "not_versioned"


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredObject:
    """The newest visible version of a key."""

    key: str
    size_bytes: int
    modified_at: datetime
    etag: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class ObjectVersion:
    """One version of a key, or one delete marker."""

    key: str
    version_id: str
    is_marker: bool
    is_latest: bool
    size_bytes: int
    modified_at: datetime
    etag: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class PartialUpload:
    """An upload in parts that was begun and not ended."""

    key: str
    upload_id: str
    started_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Delivery:
    """How a browser is to treat what a link gives: its name, its type, shown or saved."""

    filename: str
    content_type: str
    is_inline: bool = False


@dataclass(frozen=True, slots=True)
class KeyFailure:
    """A key that was not done, and why."""

    key: str
    reason: str


# What else has to be done where keys were purged (the mirror); answers those that failed.
OnPurged = Callable[[list[str]], list[KeyFailure]]


def nothing_else(_: list[str]) -> list[KeyFailure]:
    """A purge that ends with the store."""
    return []


class ObjectStore(Protocol):
    """A bucket.

    Every method may raise `StoreUnavailable`, `StoreRefused` and `NoSuchBucket`, and `UnusableKey`
    where it is given a key; `hide` and `purge` answer an unusable one as a failure.
    """

    name: str

    def close(self) -> None:
        """Give back connections."""

    def condition(self) -> StoreCondition:
        """The condition of the store; nothing is made or changed."""
        ...

    def is_public(self, key: str) -> bool:
        """Whether anybody gets this object without a key or a link."""
        ...

    def put(self, key: str, content: BinaryIO, *, size_bytes: int, content_type: str) -> None:
        """Store content, whole or not at all; an older version is kept where there are versions.

        Content is seekable and read from where it stands; a request may be sent again.

        Raises:
            ContentChanged: it ends early or goes on, so it is not what was checked.
        """

    def read(
        self, key: str, version_id: str | None = None
    ) -> AbstractContextManager[Iterator[bytes]]:
        """The content in bounded pieces: what is visible, or one version, hidden or not.

        Raises:
            NoSuchObject: there is none, or it is hidden; there is no such version.
        """
        ...

    def find(self, key: str) -> StoredObject | None:
        """The object, or None when there is none or it is hidden."""
        ...

    def listing(self, prefix: str) -> Iterator[StoredObject]:
        """Every visible object below a prefix, in the store's own order, page by page."""
        ...

    def versions(self, prefix: str) -> Iterator[ObjectVersion]:
        """Every version and marker of the keys that begin with `prefix`, which may be a key.

        In no order: `is_latest` marks the one of a key that counts.
        """
        ...

    def copy(self, source: str, target: str) -> None:
        """Copy inside the store, without the content passing through here.

        Raises:
            NoSuchObject: there is no such source.
        """

    def hide(self, keys: Iterable[str]) -> list[KeyFailure]:
        """Put a delete marker on each key; answers the keys that could not be done.

        Raises:
            NotVersioned: the bucket would delete instead of hiding.
        """
        ...

    def unhide(self, key: str) -> bool:
        """Take the delete markers off a key's newest version, if there are any.

        False when the key has no version left to show.
        """
        ...

    def purge(self, keys: Iterable[str]) -> list[KeyFailure]:
        """Remove every version and marker of each key; one that is gone already is done."""
        ...

    def remains(self, key: str) -> int:
        """How many versions and markers of exactly this key are left; 0 means gone for good."""
        ...

    def url(self, key: str, *, seconds: int, delivery: Delivery) -> str:
        """A link that gives the object to whoever has it, until it ends. Nothing is contacted."""
        ...

    def begin_parts(self, key: str, *, content_type: str) -> str:
        """Begin an upload in parts and answer its id."""
        ...

    def put_part(self, key: str, upload_id: str, number: int, content: bytes) -> str:
        """Send part `number` (from 1; at least 5 MiB but for the last) and answer its tag.

        Raises:
            NoSuchObject: no such upload is under way.
        """
        ...

    def end_parts(self, key: str, upload_id: str, tags: Iterable[str]) -> None:
        """Make the object out of the parts, in the order of their tags: numbers 1, 2, 3…

        Raises:
            NoSuchObject: no such upload is under way.
            ContentChanged: a part is missing, too small, or not the one of this tag.
        """

    def abort_parts(self, key: str, upload_id: str) -> None:
        """Forget an upload in parts; one that is gone already is done."""

    def partial_uploads(self, prefix: str) -> Iterator[PartialUpload]:
        """The uploads in parts that the store lists; some list only exact keys."""
        ...
