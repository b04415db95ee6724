"""A bucket, its mirror, and what a test does to both; on each kind of store."""

from __future__ import annotations

import base64
from dataclasses import replace
from io import BytesIO

import pytest

from savctl.domain.encryption.keys import KeyRing
from savctl.persistence.engine import Database
from savctl.ports import ObjectStore
from savctl.ports.backup_place import BackupPlace
from savctl.usecases.batch.batches import BatchContext
from savctl.usecases.batch.report import BatchReport
from savctl.usecases.mirror.copying import Mirroring, mirror_bucket
from savctl.usecases.mirror.forgetting import Forgetting
from savctl.usecases.mirror.mirror import Mirror
from savctl.usecases.mirror.place import MirrorPlace
from tests.backup.conftest import place

__all__ = ["place"]

KEYS = KeyRing(current="k1", keys={"k1": base64.b64decode("A" * 43 + "=")})


class Mirrored:
    """A bucket with its mirror."""

    def __init__(self, store: ObjectStore, mirror: Mirror, files: BackupPlace) -> None:
        self.store = store
        self.mirror = mirror
        self.files = files

    def put(self, key: str, content: bytes) -> None:
        self.store.put(key, BytesIO(content), size_bytes=len(content), content_type="text/plain")

    def copy(self, *, dry_run: bool = False) -> BatchReport:
        """One run of bucket-mirror."""
        terms = BatchContext(report=BatchReport(lists_changes=dry_run), dry_run=dry_run)
        mirror_bucket(Mirroring(store=self.store, mirror=self.mirror, terms=terms))
        return terms.report

    def forget(self, *keys: str) -> None:
        """What the bucket calls when it purged keys."""
        forgetting = Forgetting(self.mirror)
        assert forgetting.purged(keys) == []
        forgetting.close()

    def keys(self) -> set[str]:
        """The keys of the index."""
        with self.mirror.reading() as index:
            return {entry.key for entry in index.scratch.entries()}

    def contents(self) -> dict[str, bytes]:
        """What lies under `objects/`, as it lies there."""
        return {file.name: self.raw(file.name) for file in self.files.names("objects/")}

    def raw(self, name: str) -> bytes:
        with self.files.read(name) as source:
            return source.read()

    def spoil(self, name: str, content: bytes) -> None:
        with self.files.write(name) as sink:
            sink.write(content)


@pytest.fixture
def m(store: ObjectStore, place: BackupPlace, database: Database) -> Mirrored:
    """A bucket with a mirror that is not encrypted."""
    mirror = Mirror(place=MirrorPlace(files=place), database=lambda: database, owner="tests")
    return Mirrored(store, mirror, place)


@pytest.fixture
def sealed(m: Mirrored) -> Mirrored:
    """The same, encrypted."""
    place = MirrorPlace(files=m.files, seals=True, keys=lambda: KEYS)
    return Mirrored(m.store, replace(m.mirror, place=place), m.files)
