"""Where each setting's value comes from; all mistakes are reported at once, by name."""

from __future__ import annotations

import os
import tomllib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from savctl.config.names import SCHEDULE_PREFIX, unknown_variables
from savctl.config.service import (
    broker_from_parts,
    database_from_parts,
    embedded_url,
    folder_url,
    storage_from_parts,
    variable_or_file,
)
from savctl.config.setting import Setting
from savctl.config.settings import SETTINGS, Settings
from savctl.config.texts import parsed, text_of
from savctl.config.values import address_list
from savctl.domain.sla.policy import mistakes
from savctl.domain.text import are, plural
from savctl.domain.times import span_text
from savctl.errors import ConfigurationError

FILE_NAME = "savctl.toml"
SYSTEM_FILE = Path("/etc/savctl") / FILE_NAME

_BY_NAME = {setting.name: setting for setting in SETTINGS}


@dataclass(frozen=True, slots=True, kw_only=True)
class Configuration:
    """A configuration as it was read, wrong or not; a wrong setting has its default in `settings`.

    `problems` are all mistakes; `wrong` has those of a setting's own value, by its name.
    """

    settings: Settings
    problems: tuple[str, ...] = ()
    wrong: Mapping[str, str] = field(default_factory=dict)

    def require_right(self) -> Settings:
        """The settings.

        Raises:
            ConfigurationError: with every mistake found, not only the first.
        """
        if self.problems:
            raise wrong_settings(
                self.problems, hint="Run 'savctl config show' for every setting and its origin."
            )
        return self.settings


def wrong_settings(problems: Sequence[str], *, hint: str | None = None) -> ConfigurationError:
    """The failure that names them all."""
    count = f"{plural(len(problems), 'setting')} {are(len(problems))}"
    failure = ConfigurationError(
        f"{count} wrong: " + "; ".join(problems), hint=hint, problems=list(problems)
    )
    if len(problems) > 1:
        failure.lines = (f"{count} wrong:", *problems)
    return failure


def load(environment: Mapping[str, str], *, file: Path | None = None) -> Settings:
    """The settings in force.

    Raises:
        ConfigurationError: with every mistake found, not only the first.
    """
    return read_configuration(environment, file=file).require_right()


def read_configuration(
    environment: Mapping[str, str], *, file: Path | None = None
) -> Configuration:
    """Read the configuration without judging it: what is there, and every mistake in it."""
    problems: list[str] = []
    wrong: dict[str, str] = {}
    path = file or _find_readable(environment, problems)
    stored = _read_file(path, problems) if path else {}
    values: dict[str, Any] = {}
    origins: dict[str, str] = {}
    for setting in SETTINGS:
        text, origin = _look_up(setting, environment, stored, path, problems)
        origins[setting.name] = origin
        known = len(problems)
        values[setting.name] = parsed(setting, text, origin, problems)
        if len(problems) > known:
            wrong[setting.name] = problems[-1]
    _require_one_token(environment, values, origins, problems)
    if (values["mirror_access_key"] is None) != (values["mirror_secret_key"] is None):
        problems.append("mirror_access_key and mirror_secret_key belong together: set both")
    _fill_in_parts(environment, values, origins, problems)
    schedules = _schedules(environment, stored)
    unknown = unknown_variables(environment, SETTINGS)
    settings = Settings(**values, schedules=schedules, origins=origins, unknown=unknown)
    problems += mistakes(settings.policy, named="sla_{}_{}")
    return Configuration(settings=settings, problems=tuple(problems), wrong=wrong)


def _require_one_token(
    environment: Mapping[str, str],
    values: dict[str, Any],
    origins: dict[str, str],
    problems: list[str],
) -> None:
    """A token that is there and empty is no permission to do everything (rules 12.2)."""
    has_value, path = "SAVCTL_TOKEN" in environment, environment.get("SAVCTL_TOKEN_FILE")
    if has_value and path:
        problems.append("SAVCTL_TOKEN and SAVCTL_TOKEN_FILE are both set: unset one of them")
    elif has_value and not environment["SAVCTL_TOKEN"]:
        values["token"], origins["token"] = "", "environment SAVCTL_TOKEN"
    elif path and values["token"] is not None and not values["token"].strip():
        problems.append("SAVCTL_TOKEN_FILE: the file is empty")


def _fill_in_parts(
    environment: Mapping[str, str],
    values: dict[str, Any],
    origins: dict[str, str],
    problems: list[str],
) -> None:
    """The values of the service's own variables, where no setting of ours has one."""
    home = values["home"] = values["home"] or default_home(environment)
    parts: dict[str, Callable[[], tuple[str | None, str]]] = {
        "database_url": lambda: database_from_parts(environment, home, problems),
        "broker_url": lambda: broker_from_parts(environment, problems),
        "storage_url": lambda: storage_from_parts(environment, home, problems),
    }
    for name, read in parts.items():
        if values[name] is None and origins[name] == "default":
            values[name], origins[name] = read()
    values["database_url"] = values["database_url"] or embedded_url(home)
    values["storage_url"] = values["storage_url"] or folder_url(home)


def find_file(environment: Mapping[str, str]) -> Path | None:
    """`./savctl.toml`, else the user's file, else the machine's, else none.

    Raises:
        OSError: one of them may not be looked at.
    """
    return next((path for path in places(environment) if path.is_file()), None)


def places(environment: Mapping[str, str]) -> tuple[Path, ...]:
    """Where a configuration file is looked for; the first one there is read, no other."""
    return (Path(FILE_NAME), user_file(environment), SYSTEM_FILE)


def _find_readable(environment: Mapping[str, str], problems: list[str]) -> Path | None:
    try:
        return find_file(environment)
    except OSError as problem:
        problems.append(f"{problem.filename}: {problem.strerror}")
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
        addresses = address_list(str(value)) if setting.name == "broker_url" else [str(value)]
        return ",".join(map(_without_secrets, addresses))
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, Mapping):
        value = tuple(f"{name}={item}" for name, item in value.items())
    if isinstance(value, tuple):
        return ",".join(map(str, value))
    return _span(value) if isinstance(value, timedelta) else str(value)


def _without_secrets(address: str) -> str:
    """The address without a password; of a web address without its path, which is one."""
    parts = urlsplit(address)
    netloc = _without_password(parts.netloc)
    if parts.scheme in {"http", "https"}:
        return f"{parts.scheme}://{netloc}/***"
    return address.replace(parts.netloc, netloc, 1)


def _span(value: timedelta) -> str:
    """A span in its largest whole unit."""
    if value < timedelta(hours=1):
        seconds = int(value.total_seconds())
        return f"{seconds} s" if seconds % 60 else f"{seconds // 60} min"
    return span_text(value)


def _without_password(netloc: str) -> str:
    user, at, host = netloc.rpartition("@")
    if ":" not in user:
        return netloc
    return f"{user.partition(':')[0]}:***{at}{host}"


def _read_file(path: Path, problems: list[str]) -> dict[str, Any]:
    try:
        stored = tomllib.loads(path.read_text(encoding="utf-8-sig"))  # Notepad writes a BOM
    except (OSError, ValueError) as problem:  # no TOML, no UTF-8, a number of 5,000 digits
        problems.append(f"{path}: {problem}")
        return {}
    except RecursionError:
        problems.append(f"{path}: is nested too deeply")
        return {}
    for name in sorted(stored.keys() - _BY_NAME.keys() - {"schedule"}):
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
        return text_of(setting, stored[setting.name], path, problems), f"file {path}"
    return None, "default"


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
