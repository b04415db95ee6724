"""Reading a backup back: each byte is compared with the manifest, and decrypted on the way."""

from __future__ import annotations

from collections.abc import Callable

from savctl.domain.backup.manifest import Manifest
from savctl.domain.backup.sealing import KeyMissing, SpoiledFile
from savctl.domain.encryption.keys import KeyRing
from savctl.ports.backup_place import ByteSink, NoSuchBackupFile
from savctl.usecases.backup.dumps import PIECE_BYTES
from savctl.usecases.backup.streams.packed import SEALED_SUFFIX, reading
from savctl.usecases.backup.work import BackupWork


class _Nowhere:
    def write(self, data: bytes, /) -> None:
        """Drop it."""


def ignore_size(_: int) -> None:
    """Nobody watches."""


def pour_backup(
    work: BackupWork,
    manifest: Manifest,
    sink: ByteSink | None = None,
    *,
    progress: Callable[[int], None] = ignore_size,
) -> None:
    """Read the dump of a backup to its end, into a sink or nowhere.

    Raises:
        SpoiledFile: a file is missing, cut, changed, or another backup's.
        KeyMissing: the key that sealed it is not configured.
    """
    if len(manifest.files) != 1:
        raise SpoiledFile(f"the manifest of the backup {manifest.id} names no dump")
    file = manifest.files[0]
    name = str(file["name"])
    if name.endswith(SEALED_SUFFIX) != (manifest.key_id is not None):
        raise SpoiledFile(f"{name} is not encrypted as its manifest states")
    target = sink or _Nowhere()
    try:
        with reading(work.place(), name, keys_of(work, manifest)) as source:
            while piece := source.read(PIECE_BYTES):
                target.write(piece)
                progress(len(piece))
            stored = source.stored
    except NoSuchBackupFile:
        raise SpoiledFile(f"{name} is missing", backup=manifest.id) from None
    if (stored.size_bytes, stored.sha256) != (int(file["bytes"]), file["sha256"]):
        raise SpoiledFile(
            f"{name} is spoiled: its size or digest is not that of the manifest",
            hint="Use another backup: savctl backup list.",
            backup=manifest.id,
        )


def keys_of(work: BackupWork, manifest: Manifest) -> KeyRing | None:
    """The keys that a backup needs; none for one that is not encrypted.

    Raises:
        KeyMissing: there are no keys, or not its own.
    """
    if manifest.key_id is None:
        return None
    keys = work.keys_for_reading()
    if keys is None or manifest.key_id not in keys.keys:
        raise KeyMissing(
            f"the backup {manifest.id} is encrypted with the key {manifest.key_id[:64]!r}, which "
            "is not configured",
            hint="Add it to keys_file, or name the file in SAVCTL_KEYS_FILE.",
            kid=manifest.key_id[:64],
        )
    return keys
