"""Where each setting's value comes from; all mistakes are reported at once, by name."""

from __future__ import annotations

import os
import tomllib
from collections.abc import Mapping
from datetime import timedelta
from decimal import InvalidOperation
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from savctl.config.service import (
    broker_from_parts,
    database_from_parts,
    storage_from_parts,
    variable_or_file,
)
from savctl.config.settings import Setting, Settings
from savctl.config.storage_table import STORAGE
from savctl.config.table import CORE
from savctl.config.upkeep_table import UPKEEP
from savctl.domain.closing import span_text
from savctl.domain.policy import mistakes
from savctl.errors import ConfigurationError, InvalidInput

FILE_NAME = "savctl.toml"
SCHEDULE_PREFIX = "SAVCTL_SCHEDULE_"
SETTINGS: tuple[Setting, ...] = CORE + STORAGE + UPKEEP

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
    if values["storage_url"] is None:
        values["storage_url"], origins["storage_url"] = storage_from_parts(
            environment, values["home"], problems
        )
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
    if setting.secret and "://" not in str(value):
        return "***"
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
        stored = tomllib.loads(path.read_text(encoding="utf-8-sig"))  # Notepad writes a BOM
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
        may_hold_password = setting.secret or ("://" in text and "@" in text)
        shown = "" if may_hold_password else f" {text!r}"
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
