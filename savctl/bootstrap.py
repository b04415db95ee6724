"""Floor 3: the one place that chooses parts, each made on first use."""

from __future__ import annotations

import os
import socket
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING

from savctl.config import Settings
from savctl.domain.clock_skew import ClockOff
from savctl.errors import ConfigurationError, Refused, SchemaMismatch
from savctl.ports import Broker, Clock, ObjectStore, Questions, Queues, Scanner, system_clock
from savctl.ports.objects import KeyFailure, nothing_else
from savctl.runtime import end_start_up
from savctl.shared_part import shared_part

if TYPE_CHECKING:
    from savctl.adapters.rabbitmq.broker import RabbitSettings
    from savctl.adapters.s3.client import S3Settings
    from savctl.adapters.watch.failure_command import FailureCommand
    from savctl.adapters.watch.pings import Pings
    from savctl.domain.encryption.codec import MetadataCodec
    from savctl.domain.sla.policy import Policies
    from savctl.persistence.clock_guard import ClockGuard
    from savctl.persistence.connections.waits import Waits
    from savctl.persistence.engine import Database
    from savctl.ports.backup_place import BackupPlace
    from savctl.ports.dump_client import ServerAddress
    from savctl.ports.keys import KeySource
    from savctl.ports.ticket_cache import TicketCache
    from savctl.usecases.analytics.places import AnalyticsPlace
    from savctl.usecases.archive.cold_storage import ColdStorage
    from savctl.usecases.backup.logs.copying import LogCopying
    from savctl.usecases.backup.until import LogWork
    from savctl.usecases.backup.work import BackupWork
    from savctl.usecases.mirror.forgetting import Forgetting
    from savctl.usecases.mirror.mirror import Mirror
    from savctl.usecases.sync.asking import Services


def refuse(clock_off: ClockOff) -> None:
    """Let nothing be decided by a clock that is off."""
    raise clock_off


class App:
    """What a command or a job works with.

    `clock` is what rules take for now; `host_clock` the machine's own, which is compared with
    the database's. `on_skew` is called when they differ too much; None: nobody compares.
    `on_made` is called with the path of an embedded database that was made. `waits` are other
    limits for its database than the usual ones.
    """

    def __init__(
        self,
        settings: Settings,
        clock: Clock = system_clock,
        *,
        host_clock: Clock = system_clock,
        on_skew: Callable[[ClockOff], None] | None = refuse,
        on_made: Callable[[str], None] | None = None,
        waits: Waits | None = None,
    ) -> None:
        self.settings = settings
        self.clock = clock
        self.host_clock = host_clock
        self._on_skew = on_skew
        self._on_made = on_made
        self._waits = waits

    @shared_part
    def database(self) -> Database:
        """The database, its schema checked; an embedded one is made and upgraded by itself.

        Raises:
            SchemaMismatch: a server's schema is missing, too old or too new.
            ClockOff: this host's clock is too far from the server's to decide anything.
        """
        from savctl.persistence.schema import versions

        database = self.raw_database
        if database.is_sqlite:
            is_new = self._on_made is not None and not _is_there(database)
            try:
                versions.upgrade(database, owner=self.owner)
            except Refused as refused:  # another program's file: its schema is not ours yet
                raise SchemaMismatch(refused.message, hint=refused.hint) from refused
            if is_new and self._on_made is not None:
                self._on_made(database.name)
        else:
            with database.reading() as connection:
                versions.require_current(connection, database.name)
                if self._on_skew is not None:
                    with self._judging_skew(self._on_skew):
                        self.clock_guard.require(connection)
        end_start_up()
        return database

    @shared_part
    def raw_database(self) -> Database:
        """The database as it is, for the commands that look after its schema."""
        from savctl.persistence.engine import Database

        word = self.settings.database_cluster
        database = Database(
            self.settings.database_url,
            codec=self.codec,
            is_cluster=None if word == "auto" else word == "yes",
            waits=self._waits,
        )
        if self.settings.ticket_cache_url is not None:
            from savctl.persistence.events.cache_removals import queue_removals

            database.on_changed = queue_removals
        return database

    @shared_part
    def database_nodes(self) -> Sequence[Database]:
        """Each node that the settings name, with what else is the same for all of them."""
        return [self.raw_database.at_node(node) for node in self.settings.database_nodes]

    @shared_part
    def codec(self) -> MetadataCodec:
        """What encrypts and decrypts values of metadata; no key is read yet."""
        from savctl.domain.encryption.codec import MetadataCodec

        source = self.key_source
        return MetadataCodec(self.settings.encrypted_metadata, source.keys if source else None)

    @shared_part
    def key_source(self) -> KeySource | None:
        """Where the keys are, if that is configured; nothing is read yet."""
        if self.settings.keys_file is not None:
            from savctl.adapters.keys import KeysFile

            return KeysFile(self.settings.keys_file)
        if self.settings.keys_command is not None:
            from savctl.adapters.keys import KeysCommand

            return KeysCommand(self.settings.keys_command)
        return None

    @shared_part
    def clock_guard(self) -> ClockGuard:
        """What compares this host's clock with the database's."""
        from savctl.persistence.clock_guard import ClockGuard

        return ClockGuard(
            host_clock=self.host_clock,
            database=self.raw_database.name,
            limit=self.settings.clock_skew_limit,
        )

    def compare_clocks(self) -> None:
        """Compare them for a command that looks after the schema itself.

        Raises:
            ClockOff: they differ too much.
        """
        if self.raw_database.is_sqlite or self._on_skew is None:
            return
        with self._judging_skew(self._on_skew), self.raw_database.reading() as connection:
            self.clock_guard.require(connection)

    @shared_part
    def broker(self) -> Broker | None:
        """The broker, if one is configured; nothing is contacted yet."""
        settings = self._broker_settings
        if settings is None:
            return None
        from savctl.adapters.rabbitmq.broker import RabbitBroker

        return RabbitBroker(settings)

    @shared_part
    def queues(self) -> Queues | None:
        """The queues in which other services' messages arrive, if a broker is configured."""
        settings = self._broker_settings
        if settings is None:
            return None
        from savctl.adapters.rabbitmq.queues import RabbitQueues

        return RabbitQueues(settings)

    @shared_part
    def questions(self) -> Questions | None:
        """What asks other services, if a broker is configured; nothing is contacted yet."""
        settings = self._broker_settings
        if settings is None:
            return None
        from savctl.adapters.rabbitmq.questions import RabbitQuestions

        return RabbitQuestions(settings)

    @shared_part
    def services(self) -> Services:
        """The auth service and the orders service, which may be asked; nothing is asked yet."""
        from savctl.usecases.erasure.sync_hook import StoredErasures
        from savctl.usecases.sync.asking import Services

        return Services(
            questions=lambda: self.questions,
            timeout=self.settings.order_check_timeout,
            auth_exchange=self.settings.auth_exchange,
            orders_exchange=self.settings.orders_exchange,
            checks_orders=self.settings.order_check == "auto",
            checks_users=self.settings.user_check == "auto",
            erasure=StoredErasures(self.settings.erasure_key),
        )

    @shared_part
    def _broker_settings(self) -> RabbitSettings | None:
        if self.settings.broker_url is None:
            return None
        from savctl.adapters.rabbitmq.broker import RabbitSettings

        return RabbitSettings(
            url=self.settings.broker_url,
            window=self.settings.broker_window,
            declares=self.settings.broker_topology == "declare",
            ca_file=self.settings.broker_ca_file,
            cert_file=self.settings.broker_cert_file,
            key_file=self.settings.broker_key_file,
        )

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
    def ticket_cache(self) -> TicketCache | None:
        """The service's cache, if one is configured; nothing is contacted yet."""
        if self.settings.ticket_cache_url is None:
            return None
        from savctl.adapters.redis_cache import RedisTicketCache

        return RedisTicketCache(self.settings.ticket_cache_url, self.settings.ticket_cache_keys)

    @shared_part
    def pings(self) -> Pings | None:
        """The dead man's switch, if one is configured; nothing is contacted yet."""
        if self.settings.ping_url is None:
            return None
        from savctl.adapters.watch.pings import Pings

        return Pings(self.settings.ping_url)

    @shared_part
    def failure_command(self) -> FailureCommand | None:
        """What is run when a job fails, if that is configured."""
        if self.settings.on_failure is None:
            return None
        from savctl.adapters.watch.failure_command import FailureCommand

        return FailureCommand(self.settings.on_failure)

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
    def backup_place(self) -> BackupPlace:
        """Where backups are kept; nothing is contacted yet.

        Raises:
            ConfigurationError: `backup_url` is not set.
        """
        return self._open_place("backup_url", self.settings.backup_url)

    @shared_part
    def mirror_place(self) -> BackupPlace:
        """Where the mirror of the bucket is kept; nothing is contacted yet.

        Raises:
            ConfigurationError: `mirror_url` is not set.
        """
        return self._open_place("mirror_url", self.settings.mirror_url, self._mirror_settings)

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

    def _open_place(
        self, name: str, url: str | None, settings_of: Callable[[str], S3Settings] | None = None
    ) -> BackupPlace:
        if url is None:
            raise ConfigurationError(
                f"{name} is not set: there is no place for it",
                hint=f"Set SAVCTL_{name.upper()} to s3://bucket/prefix or file:///folder.",
            )
        if url.startswith("file://"):
            from savctl.adapters.backups.folder import BackupFolder

            return BackupFolder(Path(url.removeprefix("file://")))
        from savctl.adapters.backups.s3 import BackupBucket

        bucket, _, prefix = url.removeprefix("s3://").partition("/")
        settings = (settings_of or self._s3_settings)(bucket)
        return BackupBucket(settings, f"{prefix}/" if prefix else "")

    def policies(self, *, store: bool) -> Policies:
        """The SLA policy in force and every version before it.

        With `store` one that is used for the first time is written down: for writers, not for
        reading commands and dry runs.
        """
        from savctl.usecases.sla.policies import policies_in_force

        return policies_in_force(self.database, self.clock, self.settings.policy, store=store)

    @property
    def owner(self) -> str:
        """Who holds a lease: this process on this host."""
        return f"{socket.gethostname()}:{os.getpid()}"

    @contextmanager
    def _judging_skew(self, on_skew: Callable[[ClockOff], None]) -> Iterator[None]:
        try:
            yield
        except ClockOff as clock_off:
            on_skew(clock_off)

    def _names_files(self) -> bool:
        """Whether the database names files; one that is not made yet names none."""
        from savctl.persistence.files.file_references import names_any
        from savctl.persistence.schema.server_info import is_there

        return is_there(self.raw_database) and names_any(self.raw_database)

    def _open_store(
        self, url: str, *, is_expected: Callable[[], bool] = lambda: False
    ) -> ObjectStore:
        """A folder, or a bucket on the server of `storage_endpoint`."""
        is_mirrored = self.settings.mirror_url is not None and url == self.settings.storage_url
        on_purged = self._purged if is_mirrored else nothing_else
        if url.startswith("file://"):
            from savctl.adapters.directory.store import DirectoryStore

            folder = Path(url.removeprefix("file://"))
            return DirectoryStore(folder, self.clock, is_expected=is_expected, on_purged=on_purged)
        from savctl.adapters.s3.store import S3Store

        return S3Store(self._s3_settings(url.removeprefix("s3://")), on_purged=on_purged)

    def _s3_settings(self, bucket: str) -> S3Settings:
        from savctl.adapters.s3.client import S3Settings

        return S3Settings(
            bucket=bucket,
            endpoint=self.settings.storage_endpoint,
            public_endpoint=self.settings.storage_public_endpoint,
            region=self.settings.storage_region,
            is_path_style=self.settings.storage_path_style,
            access_key=self.settings.storage_access_key,
            secret_key=self.settings.storage_secret_key,
            session_token=self.settings.storage_session_token,
        )

    def _mirror_settings(self, bucket: str) -> S3Settings:
        """Those of the storage, but for what the mirror has of its own; keys come together."""
        usual, own = self._s3_settings(bucket), self.settings
        changed: dict[str, str | None] = {}
        if own.mirror_endpoint is not None:
            changed |= {"endpoint": own.mirror_endpoint, "public_endpoint": None}
        if own.mirror_region is not None:
            changed["region"] = own.mirror_region
        if own.mirror_access_key is not None:
            keys = {"access_key": own.mirror_access_key, "secret_key": own.mirror_secret_key}
            changed |= {**keys, "session_token": None}
        return replace(usual, **changed)  # type: ignore[arg-type]

    def close(self) -> None:
        """Give back connections; what reports the end of a job has some seconds for it."""
        if (pings := self.__dict__.get("pings")) is not None:
            pings.wait()
        if "raw_database" in self.__dict__:
            self.raw_database.close()
        if "store" in self.__dict__:
            self.store.close()
        if "cold" in self.__dict__:
            self.cold.store.close()
        for name in ("analytics_place", "_forgetting", "backup_place", "mirror_place"):
            if (part := self.__dict__.get(name)) is not None:
                part.close()


def _log_warning(text: str) -> None:
    import logging

    logging.getLogger("savctl.backup").warning("%s", text, extra={"event": "backup_warning"})


def _is_there(database: Database) -> bool:
    """Whether its file exists; a path that cannot be looked at is reported by who opens it."""
    from savctl.persistence.schema.server_info import is_there

    try:
        return is_there(database)
    except OSError:
        return True
