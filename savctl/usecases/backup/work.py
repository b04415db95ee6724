"""What backups work with."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property

from savctl.domain.backup.keeping import Keep
from savctl.domain.encryption.keys import KeyRing
from savctl.domain.privacy.erasure_keys import ErasureKeys
from savctl.errors import ConfigurationError
from savctl.persistence.engine import Database
from savctl.ports import Clock, ObjectStore
from savctl.ports.backup_place import BackupPlace
from savctl.ports.dump_client import DumpClient, ServerAddress
from savctl.ports.keys import KeySource
from savctl.usecases.archive.cold_storage import ColdStorage


@dataclass(frozen=True, kw_only=True)
class BackupWork:
    """The parts; those behind a call are opened by whoever needs them.

    `database` may be away or empty: listing and restoring need the place alone. `warn` is for
    what does not stop a backup.
    """

    database: Database
    place: Callable[[], BackupPlace]
    store: Callable[[], ObjectStore]
    cold: Callable[[], ColdStorage]
    key_source: KeySource | None
    erasure_keys: ErasureKeys | None
    client_of: Callable[[ServerAddress], DumpClient]
    clock: Clock
    owner: str
    is_configured: bool
    encrypts: bool
    keep: Keep
    warn: Callable[[str], None]

    @cached_property
    def client(self) -> DumpClient:
        """The client programs of the database's server."""
        from savctl.persistence.backups.address import address_parts

        return self.client_of(ServerAddress(**address_parts(self.database)))

    def keys_for_reading(self) -> KeyRing | None:
        """The configured keys; None where there are none."""
        return None if self.key_source is None else self.key_source.keys()

    def keys_for_writing(self) -> KeyRing | None:
        """The keys of a new backup; None when it is not to be encrypted.

        Raises:
            ConfigurationError: it is to be, and there are no keys.
        """
        if not self.encrypts:
            return None
        if self.key_source is None:
            raise ConfigurationError(
                "backup_encrypt = true needs keys, and none are configured",
                hint="Set keys_file and run 'savctl keys generate --kid NAME'.",
            )
        return self.key_source.keys()
