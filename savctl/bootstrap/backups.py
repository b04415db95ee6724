"""Backups: their place, the clients that dump and restore, the copied binary logs."""

from __future__ import annotations

from datetime import timedelta
from functools import partial
from typing import TYPE_CHECKING

from savctl.bootstrap.files import FileParts
from savctl.bootstrap.places import open_place, s3_settings
from savctl.shared_part import shared_part

if TYPE_CHECKING:
    from savctl.ports.backup_place import BackupPlace
    from savctl.ports.dump_client import ServerAddress
    from savctl.usecases.backup.logs.copying import LogCopying
    from savctl.usecases.backup.until import LogWork
    from savctl.usecases.backup.work import BackupWork


class BackupParts(FileParts):
    """What backups are made, proven and restored with."""

    @shared_part
    def backup_place(self) -> BackupPlace:
        """Where backups are kept; nothing is contacted yet.

        Raises:
            ConfigurationError: `backup_url` is not set.
        """
        return open_place(
            "backup_url", self.settings.backup_url, partial(s3_settings, self.settings)
        )

    @shared_part
    def backups(self) -> BackupWork:
        """What backups work with; nothing is contacted yet."""
        from savctl.adapters.dump_client.client import ServerClient
        from savctl.usecases.backup.work import BackupWork

        return BackupWork(
            database=self.raw_database,
            place=lambda: self.backup_place,
            store=lambda: self.store,
            cold=lambda: self.cold,
            key_source=self.key_source,
            erasure_keys=self.settings.erasure_key,
            client_of=ServerClient,
            clock=self.clock,
            owner=self.owner,
            is_configured=self.settings.backup_url is not None,
            encrypts=self.settings.backup_encrypt,
            keep=self.settings.backup_keep,
            warn=_log_warning,
        )

    @shared_part
    def log_copying(self) -> LogCopying:
        """What copies the server's binary logs to the place of backups.

        Raises:
            ConfigurationError: `backup_url` is not set, or `backup_encrypt` without keys.
        """
        from savctl.adapters.binary_logs.source import ServerLogs
        from savctl.persistence.backups.server_logs import grant_of
        from savctl.usecases.backup.logs.copying import LogCopying

        return LogCopying(
            database=self.database,
            source=ServerLogs(self._server_address, grant=lambda: grant_of(self.database)),
            place=self.backup_place,
            keys=self.backups.keys_for_writing(),
            keep=timedelta(days=max(self.settings.backup_keep.days, 1)),
        )

    @property
    def log_work(self) -> LogWork | None:
        """The copied logs and where they are replayed; None where there are none."""
        if self.settings.backup_url is None or self.raw_database.is_sqlite:
            return None
        from savctl.adapters.binary_logs.target import ReplayTarget
        from savctl.usecases.backup.logs.replaying import LogStore
        from savctl.usecases.backup.until import LogWork

        store = LogStore(place=self.backup_place, keys=self.backups.keys_for_reading())
        return LogWork(store=store, target=lambda: ReplayTarget(self._server_address()))

    def _server_address(self) -> ServerAddress:
        from savctl.persistence.backups.address import address_parts
        from savctl.ports.dump_client import ServerAddress

        return ServerAddress(**address_parts(self.raw_database))


def _log_warning(text: str) -> None:
    import logging

    logging.getLogger("savctl.backup").warning("%s", text, extra={"event": "backup_warning"})
