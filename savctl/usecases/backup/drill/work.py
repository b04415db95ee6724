"""What a drill works with."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from savctl.errors import SavError
from savctl.ports import Broker, ObjectStore
from savctl.usecases.backup.until import LogWork
from savctl.usecases.backup.work import BackupWork
from savctl.usecases.mirror.mirror import Mirror


class DrillFailed(SavError):
    """A procedure did not lead to what it promises."""

    code = "drill_failed"


@dataclass(frozen=True, kw_only=True)
class DrillWork:
    """The backups, the copied logs, the mirror and the broker; each may be missing.

    `new_store` makes an empty bucket in a folder.
    """

    backups: BackupWork
    logs: LogWork | None = None
    mirror: Mirror | None = None
    broker: Broker | None = None
    new_store: Callable[[Path], ObjectStore]


Procedure = Callable[[DrillWork], float | None]  # answers the seconds that would be lost
