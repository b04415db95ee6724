"""The values in force, and what a row of the table of settings is."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

from savctl.domain.model.priority import LEVELS, PriorityRules
from savctl.domain.sla.policy import Policy, Target
from savctl.domain.tickets.retention import Age


@dataclass(frozen=True, slots=True)
class Setting:
    """One row of the table; `variables` are environment names, the first one ours."""

    name: str
    variables: tuple[str, ...]
    parse: Callable[[str], Any]
    default: Any
    meaning: str
    secret: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """The values in force. `origins` has for each name where it came from.

    `unknown` names each `SAVCTL_*` variable that no setting has.
    """

    home: Path
    embedded: bool
    database_url: str
    broker_url: str | None
    broker_topology: str
    broker_window: int
    broker_ca_file: str | None
    broker_cert_file: str | None
    broker_key_file: str | None
    event_attempts: int
    event_retention: timedelta
    actor: int | None
    protected: bool
    log_format: str
    auto_close_after: timedelta
    close_resolved_after: timedelta
    closing_brake: int
    batch_size: int
    lease_seconds: int
    tick_seconds: int
    catch_up_limit: timedelta
    clock_skew_limit: timedelta
    order_value_over: Decimal
    repeats_over: int
    sla_low_response: timedelta
    sla_low_resolution: timedelta
    sla_medium_response: timedelta
    sla_medium_resolution: timedelta
    sla_high_response: timedelta
    sla_high_resolution: timedelta
    sla_urgent_response: timedelta
    sla_urgent_resolution: timedelta
    sla_warn_at: int | None
    sla_audit_brake: int
    storage_url: str
    storage_endpoint: str | None
    storage_public_endpoint: str | None
    storage_region: str
    storage_path_style: bool
    storage_access_key: str | None
    storage_secret_key: str | None
    storage_session_token: str | None
    scanner_url: str | None
    scanner_timeout: timedelta
    link_lifetime: timedelta
    token: str | None
    token_key: str | None
    file_retention: timedelta
    orphan_grace: timedelta
    orphan_brake_percent: int
    orphan_brake_count: int
    optimize_over_percent: int
    optimize_largest_gib: int
    archive_url: str | None
    archive_after: Age
    archive_bundle_tickets: int
    archive_brake: int
    retention_after: Age
    retention_brake: int
    schedules: Mapping[str, str] = field(default_factory=dict)
    origins: Mapping[str, str] = field(default_factory=dict)
    unknown: tuple[str, ...] = ()

    @property
    def is_database_chosen(self) -> bool:
        """Whether somebody named a database, or a home, or said that the embedded one is meant.

        Lost settings look like none at all: what runs unattended must not take them for a wish.
        """
        named = ("database_url", "home")
        return self.embedded or any(self.origins.get(name) != "default" for name in named)

    @property
    def is_embedded(self) -> bool:
        """Whether the database is a SQLite file of this home, which savctl keeps up itself."""
        return self.database_url.startswith("sqlite")

    @property
    def policy(self) -> Policy:
        """The SLA policy that these settings say; its version is found in the database."""
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
