"""The values in force: the settings of every subject together."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, fields, replace
from pathlib import Path
from typing import Any, Self

from savctl.config.service import folder_url
from savctl.config.setting import declared
from savctl.config.subjects.access import AccessSettings
from savctl.config.subjects.backup import BackupSettings
from savctl.config.subjects.database import DatabaseSettings
from savctl.config.subjects.event import EventSettings
from savctl.config.subjects.file import FileSettings
from savctl.config.subjects.job import JobSettings
from savctl.config.subjects.key import KeySettings
from savctl.config.subjects.privacy import PrivacySettings
from savctl.config.subjects.sla import SlaSettings
from savctl.config.subjects.sync import SyncSettings
from savctl.config.subjects.upkeep import UpkeepSettings
from savctl.config.subjects.watch import WatchSettings
from savctl.domain.model.priority import LEVELS, PriorityRules
from savctl.domain.sla.policy import Policy, Target


@dataclass(frozen=True, kw_only=True)
class Settings(
    AccessSettings,
    KeySettings,
    PrivacySettings,
    BackupSettings,
    UpkeepSettings,
    FileSettings,
    SlaSettings,
    WatchSettings,
    JobSettings,
    SyncSettings,
    EventSettings,
    DatabaseSettings,
):
    """The values in force, the settings of all subjects. `origins` has where each came from.

    `unknown` names each `SAVCTL_*` variable that no setting has.
    """

    schedules: Mapping[str, str] = field(default_factory=dict)
    origins: Mapping[str, str] = field(default_factory=dict)
    unknown: tuple[str, ...] = ()

    @property
    def is_database_chosen(self) -> bool:
        """Whether somebody chose a database, a home, or the embedded one.

        Lost settings look like none at all: what runs unattended must not take them for a wish.
        """
        named = ("database_url", "home")
        return self.embedded or any(self.origins.get(name) != "default" for name in named)

    @property
    def is_embedded(self) -> bool:
        """Whether the database is a SQLite file of this home, which savctl keeps up itself."""
        return self.database_url.startswith("sqlite")

    def kept_to(self, home: Path) -> Self:
        """The same with no place outside `home`, the database's apart: for a made-up shop.

        Its jobs would take what is in the real bucket for orphans, and its months and backups
        would lie among the real ones.
        """
        places: dict[str, Any] = {
            one.name: None for one in fields(self) if one.name.endswith("_url")
        }
        kept = places | {"database_url": self.database_url, "storage_url": folder_url(home)}
        return replace(self, on_failure=None, **kept)

    @property
    def policy(self) -> Policy:
        """The SLA policy of these settings; its version is found in the database."""
        targets = {
            level: Target(
                getattr(self, f"sla_{level}_response"), getattr(self, f"sla_{level}_resolution")
            )
            for level in LEVELS
        }
        rules = PriorityRules(
            order_value_over=self.order_value_over, repeats_over=self.repeats_over
        )
        return Policy(targets=targets, rules=rules, warn_at_percent=self.sla_warn_at)


SETTINGS = declared(Settings)
