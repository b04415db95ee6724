"""Variables of the service's own families that are set and change nothing (command line, 2).

`DB_*`, `AWS_*` and `RABBITMQ_*` are read as the service's `.env` has them. One that is set and not
used is a mistake more often than not: `RABBITMQ_PORT` without a host, `DB_HOST` beside
SAVCTL_DATABASE_URL, `RABBITMQ_USERNAME` for `RABBITMQ_USER`. `DBHOST` and `db_host` are such a
name with another spelling.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from difflib import get_close_matches

from savctl.config.settings import Settings

_FILE = "_FILE"
_DATABASE = ("DB_CONNECTION", "DB_HOST", "DB_PORT", "DB_DATABASE", "DB_USERNAME", "DB_PASSWORD")
_OF_SQLITE = ("DB_CONNECTION", "DB_DATABASE")
_BROKER = (
    *("RABBITMQ_HOST", "RABBITMQ_PORT", "RABBITMQ_USER", "RABBITMQ_PASSWORD", "RABBITMQ_VHOST"),
)
_BUCKET = {
    "AWS_BUCKET": "storage_url",
    "AWS_ENDPOINT": "storage_endpoint",
    "AWS_DEFAULT_REGION": "storage_region",
    "AWS_USE_PATH_STYLE_ENDPOINT": "storage_path_style",
    "AWS_ACCESS_KEY_ID": "storage_access_key",
    "AWS_SECRET_ACCESS_KEY": "storage_secret_key",
    "AWS_SESSION_TOKEN": "storage_session_token",
}
# Amazon's own programs, and boto3 for a bucket without keys, read these: they are not for us.
_AMAZONS = (
    *("AWS_PROFILE", "AWS_DEFAULT_PROFILE", "AWS_REGION", "AWS_CONFIG_FILE", "AWS_CA_BUNDLE"),
    *("AWS_SHARED_CREDENTIALS_FILE", "AWS_CREDENTIAL_EXPIRATION", "AWS_DATA_PATH", "AWS_PAGER"),
    *("AWS_ROLE_ARN", "AWS_ROLE_SESSION_NAME", "AWS_WEB_IDENTITY_TOKEN_FILE", "AWS_VAULT"),
    *("AWS_MAX_ATTEMPTS", "AWS_RETRY_MODE", "AWS_EXECUTION_ENV", "AWS_DEFAULTS_MODE"),
    *("AWS_DEFAULT_OUTPUT", "AWS_ACCOUNT_ID", "AWS_SDK_UA_APP_ID", "AWS_CLI_AUTO_PROMPT"),
)
_AMAZONS_BEGIN = (
    *("AWS_CONTAINER_", "AWS_EC2_METADATA_", "AWS_LAMBDA_", "AWS_STS_", "AWS_ENDPOINT_URL"),
    *("AWS_SIGNIN_", "AWS_SSO_", "AWS_REQUEST_", "AWS_RESPONSE_", "AWS_USE_FIPS_", "AWS_IGNORE_"),
    "AWS_USE_DUALSTACK_",
)


_OURS = ("SAVCTL_HOME", "SAVCTL_DATABASE_URL", "SAVCTL_STORAGE_URL", "SAVCTL_BROKER_URL")
_BY_LETTERS = {name.replace("_", ""): name for name in (*_DATABASE, *_BROKER, *_BUCKET, *_OURS)}


@dataclass(frozen=True, slots=True)
class UnusedVariable:
    """A variable that is set and changes nothing, and why."""

    name: str
    why: str

    def __str__(self) -> str:
        return f"{self.name} is set and not used: {self.why}"


def unused_variables(
    environment: Mapping[str, str], settings: Settings
) -> tuple[UnusedVariable, ...]:
    """Those of the three families that are set and not used, by name; values are not shown."""
    found = []
    for name in sorted(environment):
        if not environment[name]:
            continue
        why = _why_misspelt(name)
        if why is None and name.startswith(("DB_", "AWS_", "RABBITMQ_")):
            why = _why_unused(name, environment, settings)
        if why is not None:
            found.append(UnusedVariable(name, why))
    return tuple(found)


def _why_misspelt(name: str) -> str | None:
    """None for a name that is not one of ours without its underscores, or in small letters."""
    meant = _BY_LETTERS.get(_letters(name))
    return None if meant is None or meant == name else f"did you mean {meant}?"


def _letters(name: str) -> str:
    return name.replace("_", "").replace("-", "").upper()


def _why_unused(name: str, environment: Mapping[str, str], settings: Settings) -> str | None:
    """None for one that is used."""
    plain = name.removesuffix(_FILE)
    if name.endswith(_FILE) and plain in (*_DATABASE, *_BROKER, *_BUCKET):
        return f"{plain} is set" if environment.get(plain) else _why(plain, settings)
    return _why(name, settings)


def _why(name: str, settings: Settings) -> str | None:
    if name.startswith("DB_"):
        return _of_database(name, settings)
    if name.startswith("RABBITMQ_"):
        return _of_broker(name, settings)
    return _of_bucket(name, settings)


def _of_database(name: str, settings: Settings) -> str | None:
    if name not in _DATABASE:
        return _unknown(name, _DATABASE)
    origin = settings.origins["database_url"]
    if origin == "default":
        return "neither DB_CONNECTION nor DB_HOST is set"
    if origin != "environment DB_*":
        return f"the database is that of database_url ({origin})"
    if settings.is_embedded and name not in _OF_SQLITE:
        return "DB_CONNECTION is sqlite"
    return None


def _of_broker(name: str, settings: Settings) -> str | None:
    if name not in _BROKER:
        return _unknown(name, _BROKER)
    origin = settings.origins["broker_url"]
    if origin == "default":
        return "RABBITMQ_HOST is not set"
    return None if origin == "environment RABBITMQ_*" else f"broker_url is set ({origin})"


def _of_bucket(name: str, settings: Settings) -> str | None:
    if name in _AMAZONS or name.startswith(_AMAZONS_BEGIN):
        return None
    if name not in _BUCKET:
        return _unknown(name, tuple(_BUCKET))
    setting = _BUCKET[name]
    origin = settings.origins[setting]
    if origin != f"environment {name}":
        return f"{setting} is set ({origin})"
    is_bucket = any(
        url is not None and url.startswith("s3://")
        for url in (
            settings.storage_url,
            settings.archive_url,
            settings.analytics_url,
            settings.backup_url,
            settings.mirror_url,
        )
    )
    return None if is_bucket else "files are kept in a folder; AWS_BUCKET names a bucket"


def _unknown(name: str, known: tuple[str, ...]) -> str:
    near = get_close_matches(name, known, n=1, cutoff=0.7)
    return f"did you mean {near[0]}?" if near else f"savctl reads {', '.join(known)}"
