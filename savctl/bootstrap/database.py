"""The database, its keys and the clock that is compared with its own."""

from __future__ import annotations

import os
import socket
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING

from savctl.config import Settings
from savctl.domain.clock_skew import ClockOff
from savctl.errors import Refused, SchemaMismatch
from savctl.ports.clock import Clock, system_clock
from savctl.runtime import end_start_up
from savctl.shared_part import shared_part

if TYPE_CHECKING:
    from savctl.domain.encryption.codec import MetadataCodec
    from savctl.domain.sla.policy import Policies
    from savctl.persistence.clock_guard import ClockGuard
    from savctl.persistence.connections.waits import Waits
    from savctl.persistence.engine import Database
    from savctl.ports.keys import KeySource


def refuse(clock_off: ClockOff) -> None:
    """Let nothing be decided by a clock that is off."""
    raise clock_off


class DatabaseParts:
    """The parts that every command and job works with; the other subjects build on them.

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


def _is_there(database: Database) -> bool:
    """Whether its file exists; a path that cannot be looked at is reported by who opens it."""
    from savctl.persistence.schema.server_info import is_there

    try:
        return is_there(database)
    except OSError:
        return True
