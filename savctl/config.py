"""Settings: one table says their names, defaults, meaning and where each value came from.

Order: environment, then `--config FILE`, `./savctl.toml` or the user's file, then the default
(contract: command line, 2). All mistakes are reported at once, each by its setting's name.
"""

from __future__ import annotations

import os
import tomllib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from decimal import Decimal, InvalidOperation
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from savctl import config_values
from savctl.config_service import broker_from_parts, database_from_parts, variable_or_file
from savctl.domain.closing import span_text
from savctl.domain.policy import TARGETS, Policy, Target, mistakes
from savctl.domain.policy_text import percent
from savctl.domain.priority import LEVELS, PriorityRules
from savctl.errors import ConfigurationError, InvalidInput

FILE_NAME = "savctl.toml"
SCHEDULE_PREFIX = "SAVCTL_SCHEDULE_"


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
    """The values in force. `origins` tells for each name where it came from."""

    home: Path
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
    auto_close_after: timedelta
    close_resolved_after: timedelta
    closing_brake: int
    batch_size: int
    lease_seconds: int
    tick_seconds: int
    catch_up_limit: timedelta
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
    schedules: Mapping[str, str] = field(default_factory=dict)
    origins: Mapping[str, str] = field(default_factory=dict)

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


SETTINGS: tuple[Setting, ...] = (
    Setting("home", ("SAVCTL_HOME",), Path, None, "folder of the embedded database and files"),
    Setting(
        "database_url",
        ("SAVCTL_DATABASE_URL",),
        config_values.database_url,
        None,
        "database; or DB_CONNECTION, DB_HOST, DB_PORT, DB_DATABASE, DB_USERNAME, DB_PASSWORD",
        secret=True,
    ),
    Setting(
        "broker_url",
        ("SAVCTL_BROKER_URL",),
        config_values.broker_url,
        None,
        "broker; or RABBITMQ_HOST, RABBITMQ_PORT, RABBITMQ_USER, RABBITMQ_PASSWORD, "
        "RABBITMQ_VHOST; without one, events wait in the outbox",
        secret=True,
    ),
    Setting(
        "broker_topology",
        ("SAVCTL_BROKER_TOPOLOGY",),
        config_values.one_of("check", "declare"),
        "check",
        "check: the exchange must be there; declare: the relay makes it",
    ),
    Setting(
        "broker_window",
        ("SAVCTL_BROKER_WINDOW",),
        config_values.whole(1, 10_000),
        500,
        "events under way to the broker at once",
    ),
    Setting("broker_ca_file", ("SAVCTL_BROKER_CA_FILE",), str, None, "CA for amqps://"),
    Setting("broker_cert_file", ("SAVCTL_BROKER_CERT_FILE",), str, None, "client certificate"),
    Setting("broker_key_file", ("SAVCTL_BROKER_KEY_FILE",), str, None, "its private key"),
    Setting(
        "event_attempts",
        ("SAVCTL_EVENT_ATTEMPTS",),
        config_values.whole(1, 1000),
        10,
        "refusals by the broker after which an event is set aside as dead",
    ),
    Setting(
        "event_retention",
        ("SAVCTL_EVENT_RETENTION",),
        config_values.span,
        timedelta(days=30),
        "how long published events are kept",
    ),
    Setting(
        "actor",
        ("SAVCTL_ACTOR",),
        config_values.whole(1, 2**63 - 1),
        None,
        "your user id, as --as",
    ),
    Setting(
        "protected",
        ("SAVCTL_PROTECTED",),
        config_values.yes,
        False,
        "say PRODUCTION before risky commands",
    ),
    Setting(
        "auto_close_after",
        ("SAVCTL_AUTO_CLOSE_AFTER",),
        config_values.span,
        timedelta(days=7),
        "silence after which a waiting ticket closes",
    ),
    Setting(
        "close_resolved_after",
        ("SAVCTL_CLOSE_RESOLVED_AFTER",),
        config_values.span,
        timedelta(hours=24),
        "confirmation window of a resolved ticket",
    ),
    Setting(
        "closing_brake",
        ("SAVCTL_CLOSING_BRAKE",),
        config_values.whole(1, 10**9),
        1000,
        "closings in one run that need a person's word first",
    ),
    Setting(
        "batch_size",
        ("SAVCTL_BATCH_SIZE",),
        config_values.whole(1, 5000),
        1000,
        "tickets in one transaction of a job",
    ),
    Setting(
        "lease_seconds",
        ("SAVCTL_LEASE_SECONDS",),
        config_values.whole(5, 3600),
        60,
        "how long a dead host's job stays locked",
    ),
    Setting(
        "tick_seconds",
        ("SAVCTL_TICK_SECONDS",),
        config_values.whole(1, 60),
        15,
        "how often the scheduler looks for due jobs",
    ),
    Setting(
        "catch_up_limit",
        ("SAVCTL_CATCH_UP_LIMIT",),
        config_values.span,
        timedelta(days=32),
        "missed slots older than this are not caught up",
    ),
    Setting(
        "order_value_over",
        ("SAVCTL_ORDER_VALUE_OVER",),
        config_values.money,
        Decimal(500),
        "EUR above which a new ticket is high",
    ),
    Setting(
        "repeats_over",
        ("SAVCTL_REPEATS_OVER",),
        config_values.whole(0, 10**6),
        3,
        "earlier tickets of a user in a category above which a new one is high",
    ),
    *(
        Setting(
            f"sla_{level}_{side}",
            (f"SAVCTL_SLA_{level}_{side}".upper(),),
            config_values.span,
            getattr(TARGETS[level], side),
            f"{side} target of {level} tickets",
        )
        for level in LEVELS
        for side in ("response", "resolution")
    ),
    Setting(
        "sla_warn_at",
        ("SAVCTL_SLA_WARN_AT",),
        percent,
        None,
        "share of a target after which a ticket counts as close to its breach; unset: none does",
    ),
    Setting(
        "sla_audit_brake",
        ("SAVCTL_SLA_AUDIT_BRAKE",),
        config_values.whole(1, 10**9),
        1000,
        "missed breaches in one audit that need a person's word first",
    ),
)

_BY_NAME = {setting.name: setting for setting in SETTINGS}


def load(environment: Mapping[str, str], *, file: Path | None = None) -> Settings:
    """The settings in force.

    Raises:
        ConfigurationError: with every mistake found, not only the first.
    """
    problems: list[str] = []
    path = file or find_file(environment)
    stored = _read_file(path, problems) if path else {}
    values: dict[str, Any] = {}
    origins: dict[str, str] = {}
    for setting in SETTINGS:
        text, origin = _look_up(setting, environment, stored, path, problems)
        origins[setting.name] = origin
        values[setting.name] = _parsed(setting, text, origin, problems)
    values["home"] = values["home"] or default_home(environment)
    if values["database_url"] is None:
        values["database_url"], origins["database_url"] = database_from_parts(
            environment, values["home"], problems
        )
    if values["broker_url"] is None:
        values["broker_url"], origins["broker_url"] = broker_from_parts(environment, problems)
    schedules = _schedules(environment, stored)
    settings = Settings(**values, schedules=schedules, origins=origins)
    problems += mistakes(settings.policy, named="sla_{}_{}")
    if problems:
        raise ConfigurationError(
            f"{len(problems)} setting(s) are wrong: " + "; ".join(problems),
            hint="savctl config show lists every setting with its origin.",
        )
    return settings


def find_file(environment: Mapping[str, str]) -> Path | None:
    """`./savctl.toml`, else the user's file, else none."""
    for path in (Path(FILE_NAME), user_file(environment)):
        if path.is_file():
            return path
    return None


def user_file(environment: Mapping[str, str]) -> Path:
    """Where the user's own configuration stands (XDG)."""
    base = environment.get("XDG_CONFIG_HOME") or Path(environment.get("HOME", "~")) / ".config"
    return Path(base).expanduser() / "savctl" / FILE_NAME


def default_home(environment: Mapping[str, str]) -> Path:
    """The user's data folder (XDG)."""
    base = environment.get("XDG_DATA_HOME") or Path(environment.get("HOME", "~")) / ".local/share"
    return Path(base).expanduser() / "savctl"


def redacted(setting: Setting, value: object) -> str:
    """The value as it may be shown."""
    if value is None:
        return ""
    if setting.secret:
        parts = urlsplit(str(value))
        return str(value).replace(parts.netloc, _without_password(parts.netloc), 1)
    return span_text(value) if isinstance(value, timedelta) else str(value)


def _without_password(netloc: str) -> str:
    user, at, host = netloc.rpartition("@")
    if ":" not in user:
        return netloc
    return f"{user.partition(':')[0]}:***{at}{host}"


def _read_file(path: Path, problems: list[str]) -> dict[str, Any]:
    try:
        with path.open("rb") as stream:
            stored = tomllib.load(stream)
    except (OSError, tomllib.TOMLDecodeError, UnicodeDecodeError) as problem:
        problems.append(f"{path}: {problem}")
        return {}
    for name in stored.keys() - _BY_NAME.keys() - {"schedule"}:
        problems.append(f"{path}: no setting is called {name!r}")
    if not isinstance(stored.get("schedule", {}), dict):
        problems.append(f"{path}: schedule must be a table of job = cron line")
        stored.pop("schedule")
    return stored


def _look_up(
    setting: Setting,
    environment: Mapping[str, str],
    stored: Mapping[str, Any],
    path: Path | None,
    problems: list[str],
) -> tuple[str | None, str]:
    for variable in setting.variables:
        text = variable_or_file(environment, variable, problems)
        if text is not None:
            return text, f"environment {variable}"
    if setting.name in stored:
        value = stored[setting.name]
        return str(value).lower() if isinstance(value, bool) else str(value), f"file {path}"
    return None, "default"


def _parsed(setting: Setting, text: str | None, origin: str, problems: list[str]) -> Any:
    if text is None:
        return setting.default
    try:
        return setting.parse(text)
    except (ValueError, InvalidOperation, InvalidInput) as problem:
        shown = "" if setting.secret else f" {text!r}"
        why = "is not a number" if isinstance(problem, InvalidOperation) else str(problem)
        problems.append(f"{setting.name}{shown} ({origin}): {why}")
        return setting.default


def _schedules(environment: Mapping[str, str], stored: Mapping[str, Any]) -> dict[str, str]:
    """Cron lines that replace a job's own, by job name."""
    chosen = {str(job): str(line) for job, line in stored.get("schedule", {}).items()}
    for variable, line in environment.items():
        if variable.startswith(SCHEDULE_PREFIX):
            chosen[variable[len(SCHEDULE_PREFIX) :].lower().replace("_", "-")] = line
    return chosen


def from_environment(*, file: Path | None = None) -> Settings:
    """The settings of this process."""
    return load(os.environ, file=file)
