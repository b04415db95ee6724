"""Lost objects come back from the mirror, their digest checked (rules 17.4, 17.5)."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from mimetypes import guess_type
from tempfile import SpooledTemporaryFile
from typing import IO

from savctl.domain.backup.mirrored import MirroredVersion, MirrorSpoiled
from savctl.ports.backup_place import NoSuchBackupFile
from savctl.ports.objects import ObjectStore
from savctl.usecases.mirror.index import MirrorIndex
from savctl.usecases.mirror.mirror import Mirror
from savctl.usecases.mirror.place import MirrorPlace, object_name

_SPOOL_BYTES = 4 * 1024**2
_ANY_TYPE = "application/octet-stream"


class KeyFate(StrEnum):
    """What became of a key."""

    RESTORED = "restored"
    PRESENT = "present"  # the bucket has it
    MISSING = "missing"  # the mirror never had it
    SPOILED = "spoiled"  # the mirror's copy is damaged


@dataclass(frozen=True, slots=True, kw_only=True)
class RestoredKey:
    """A key, its fate, and the digest of what came back."""

    key: str
    fate: KeyFate
    bytes: int = 0
    sha256: str | None = None


def restore_from_mirror(
    mirror: Mirror,
    store: ObjectStore,
    keys: Iterable[str],
    *,
    digests: Mapping[str, str] | None = None,
    dry_run: bool = False,
) -> list[RestoredKey]:
    """Put the objects that the bucket lost back, each the newest version that the mirror has.

    `digests` names the SHA-256 that a key's content must have, where it is on record: a version
    of another content does not come back.

    Raises:
        StoreGone, StoreRefused: bucket or mirror; what came back stays.
        MirrorSpoiled: the index itself is damaged.
    """
    wanted = digests or {}
    with mirror.reading() as index:
        return [
            _restored(mirror.place, store, index, key, wanted.get(key), dry_run=dry_run)
            for key in keys
        ]


def _restored(
    place: MirrorPlace,
    store: ObjectStore,
    index: MirrorIndex,
    key: str,
    sha256: str | None,
    *,
    dry_run: bool,
) -> RestoredKey:
    if store.find(key) is not None:
        return RestoredKey(key=key, fate=KeyFate.PRESENT)
    versions = [one for one in index.scratch.of_key(key) if sha256 in {None, one.sha256}]
    fate = KeyFate.MISSING
    for version in versions:
        if _put_back(place, store, version, dry_run=dry_run):
            return RestoredKey(
                key=key, fate=KeyFate.RESTORED, bytes=version.bytes, sha256=version.sha256
            )
        fate = KeyFate.SPOILED
    return RestoredKey(key=key, fate=fate)


def _put_back(
    place: MirrorPlace, store: ObjectStore, version: MirroredVersion, *, dry_run: bool
) -> bool:
    """Read, check, store; False when the mirror's copy is not what it was."""
    with SpooledTemporaryFile(_SPOOL_BYTES) as spool:
        try:
            size, sha256 = _spooled(place, version, spool)
        except (NoSuchBackupFile, MirrorSpoiled):
            return False
        if sha256 != version.sha256:
            return False
        if not dry_run:
            spool.seek(0)
            store.put(
                version.key,
                spool,  # type: ignore[arg-type]
                size_bytes=size,
                content_type=guess_type(version.key)[0] or _ANY_TYPE,
            )
    return True


def _spooled(place: MirrorPlace, version: MirroredVersion, spool: IO[bytes]) -> tuple[int, str]:
    digest = hashlib.sha256()
    with place.read(object_name(version.sha256)) as pieces:
        for piece in pieces:
            digest.update(piece)
            spool.write(piece)
    return spool.tell(), digest.hexdigest()
