"""All parts together, and how they are given back."""

from __future__ import annotations

from savctl.bootstrap.backups import BackupParts
from savctl.bootstrap.broker import BrokerParts
from savctl.bootstrap.watch import WatchParts

_CLOSED = ("analytics_place", "_forgetting", "backup_place", "mirror_place", "ticket_cache")


class App(BackupParts, BrokerParts, WatchParts):
    """What a command or a job works with; each part is made on first use."""

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
        for name in _CLOSED:
            if (part := self.__dict__.get(name)) is not None:
                part.close()
