"""Files: the bucket, the archive, the published months, the mirror and the scanner."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from savctl.bootstrap.database import DatabaseParts
from savctl.bootstrap.places import mirror_settings, open_place, s3_settings
from savctl.shared_part import shared_part

if TYPE_CHECKING:
    from savctl.ports import ObjectStore, Scanner
    from savctl.ports.backup_place import BackupPlace
    from savctl.ports.objects import KeyFailure
    from savctl.usecases.analytics.places import AnalyticsPlace
    from savctl.usecases.archive.cold_storage import ColdStorage
    from savctl.usecases.mirror.forgetting import Forgetting
    from savctl.usecases.mirror.mirror import Mirror


class FileParts(DatabaseParts):
    """What keeps files, each in the place that its setting names; nothing is contacted yet."""

    @shared_part
    def store(self) -> ObjectStore:
        """The bucket or the folder that holds files; nothing is contacted yet."""
        return self._open_store(self.settings.storage_url, is_expected=self._names_files)

    @shared_part
    def scanner(self) -> Scanner | None:
        """The malware scanner, if one is configured; nothing is contacted yet."""
        if self.settings.scanner_url is None:
            return None
        from savctl.adapters.clamav import ClamdScanner

        return ClamdScanner(self.settings.scanner_url, timeout=self.settings.scanner_timeout)

    @shared_part
    def cold(self) -> ColdStorage:
        """Where archived tickets are kept: `archive_url`, else a prefix of the bucket."""
        from savctl.usecases.archive.cold_storage import DEFAULT_PREFIX, ColdStorage

        url = self.settings.archive_url
        if url is None:
            return ColdStorage(self.store, DEFAULT_PREFIX)
        place, _, prefix = url.removeprefix("s3://").partition("/")
        is_folder = url.startswith("file://")
        store = self._open_store(url if is_folder else f"s3://{place}")
        return ColdStorage(store, DEFAULT_PREFIX if is_folder or not prefix else f"{prefix}/")

    @shared_part
    def analytics_place(self) -> AnalyticsPlace:
        """Where months are published: `analytics_url`, else `analytics/` beside the archive."""
        from savctl.usecases.analytics.places import DEFAULT_PREFIX, BucketPlace, FolderPlace

        url = self.settings.analytics_url
        if url is None:
            archive = (self.settings.archive_url or self.settings.storage_url).rstrip("/")
            bucket, _, prefix = archive.removeprefix("s3://").partition("/")
            above = prefix.rpartition("/")[0]
            beside = f"{bucket}/{above}" if above else bucket
            if archive.startswith("file://"):
                return FolderPlace(Path(archive.removeprefix("file://")) / DEFAULT_PREFIX)
            url = f"s3://{beside}/{DEFAULT_PREFIX}"
        if url.startswith("file://"):
            return FolderPlace(Path(url.removeprefix("file://")))
        bucket, _, prefix = url.removeprefix("s3://").partition("/")
        prefix = prefix.rstrip("/") + "/" if prefix else DEFAULT_PREFIX
        return BucketPlace(self._open_store(f"s3://{bucket}"), prefix)

    @shared_part
    def mirror_place(self) -> BackupPlace:
        """Where the mirror of the bucket is kept; nothing is contacted yet.

        Raises:
            ConfigurationError: `mirror_url` is not set.
        """
        return open_place(
            "mirror_url", self.settings.mirror_url, partial(mirror_settings, self.settings)
        )

    @shared_part
    def mirror(self) -> Mirror | None:
        """The mirror of the bucket, if one is configured; nothing is contacted yet."""
        if self.settings.mirror_url is None:
            return None
        from savctl.usecases.mirror.mirror import Mirror
        from savctl.usecases.mirror.place import MirrorPlace

        source = self.key_source
        place = MirrorPlace(
            files=self.mirror_place,
            seals=self.settings.backup_encrypt,
            keys=source.keys if source is not None else lambda: None,
        )
        return Mirror(place=place, database=lambda: self.database, owner=self.owner)

    @shared_part
    def _forgetting(self) -> Forgetting | None:
        if self.mirror is None:
            return None
        from savctl.usecases.mirror.forgetting import Forgetting

        return Forgetting(self.mirror)

    def _purged(self, keys: list[str]) -> list[KeyFailure]:
        """What retention, purges and erasures remove from the bucket leaves the mirror too."""
        return self._forgetting.purged(keys) if self._forgetting is not None else []

    def _names_files(self) -> bool:
        """Whether the database names files; one that is not made yet names none."""
        from savctl.persistence.files.file_references import names_any
        from savctl.persistence.schema.server_info import is_there

        return is_there(self.raw_database) and names_any(self.raw_database)

    def _open_store(
        self, url: str, *, is_expected: Callable[[], bool] = lambda: False
    ) -> ObjectStore:
        """A folder, or a bucket on the server of `storage_endpoint`."""
        from savctl.ports.objects import nothing_else

        is_mirrored = self.settings.mirror_url is not None and url == self.settings.storage_url
        on_purged = self._purged if is_mirrored else nothing_else
        if url.startswith("file://"):
            from savctl.adapters.directory.store import DirectoryStore

            folder = Path(url.removeprefix("file://"))
            return DirectoryStore(folder, self.clock, is_expected=is_expected, on_purged=on_purged)
        from savctl.adapters.s3.store import S3Store

        return S3Store(s3_settings(self.settings, url.removeprefix("s3://")), on_purged=on_purged)
