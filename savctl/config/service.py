"""The service's own variables, as in the service's `.env`, made into addresses."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from urllib.parse import quote

from savctl.config.values import whole

_port = whole(1, 65_535)


def variable_or_file(
    environment: Mapping[str, str], variable: str, problems: list[str]
) -> str | None:
    """A variable's value, or the content of the file that `<variable>_FILE` names."""
    value = environment.get(variable)
    if value and not _is_utf8(value):
        problems.append(f"{variable}: is not UTF-8")
        return None
    if value:
        return value
    path = environment.get(f"{variable}_FILE")
    if not path:
        return None
    try:
        return Path(path).read_text(encoding="utf-8-sig").rstrip("\r\n")
    except (OSError, UnicodeDecodeError) as problem:
        problems.append(f"{variable}_FILE: {problem}")
        return None


def _is_utf8(text: str) -> bool:
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


def embedded_url(home: Path) -> str:
    """The SQLite file of a home."""
    return f"sqlite:///{home / 'savctl.db'}"


def folder_url(home: Path) -> str:
    """The folder of files of a home."""
    return f"file://{(home / 'files').absolute()}"


def database_from_parts(
    environment: Mapping[str, str], home: Path, problems: list[str]
) -> tuple[str, str]:
    """The database the service's DB_* variables name; else the embedded file."""

    def part(name: str, default: str = "") -> str:
        return variable_or_file(environment, name, problems) or default

    kind = part("DB_CONNECTION")
    if not kind and not part("DB_HOST"):
        return embedded_url(home), "default"
    if kind == "sqlite":
        return f"sqlite:///{part('DB_DATABASE', str(home / 'savctl.db'))}", "environment DB_*"
    if kind not in {"", "mysql", "mariadb"}:
        problems.append(f"DB_CONNECTION {kind!r}: must be mysql, mariadb or sqlite")
    port = part("DB_PORT", "3306")
    _check_port("DB_PORT", port, problems)
    if not part("DB_DATABASE"):
        problems.append("DB_DATABASE: is missing")
    user = quote(part("DB_USERNAME", "root"), safe="")
    password = part("DB_PASSWORD")
    secret = f":{quote(password, safe='')}" if password else ""
    host = part("DB_HOST", "127.0.0.1")
    database = quote(part("DB_DATABASE"), safe="")
    return f"mysql+pymysql://{user}{secret}@{host}:{port}/{database}", "environment DB_*"


def broker_from_parts(
    environment: Mapping[str, str], problems: list[str]
) -> tuple[str | None, str]:
    """The broker the service's RABBITMQ_* variables name, if they name one."""

    def part(name: str, default: str = "") -> str:
        return variable_or_file(environment, name, problems) or default

    host = part("RABBITMQ_HOST")
    if not host:
        return None, "default"
    port = part("RABBITMQ_PORT", "5672")
    _check_port("RABBITMQ_PORT", port, problems)
    user = quote(part("RABBITMQ_USER", "guest"), safe="")
    password = quote(part("RABBITMQ_PASSWORD", "guest"), safe="")
    vhost = quote(part("RABBITMQ_VHOST", "/"), safe="")
    return f"amqp://{user}:{password}@{host}:{port}/{vhost}", "environment RABBITMQ_*"


def storage_from_parts(
    environment: Mapping[str, str], home: Path, problems: list[str]
) -> tuple[str, str]:
    """The bucket that the service's AWS_BUCKET names; else a folder of the home."""
    bucket = variable_or_file(environment, "AWS_BUCKET", problems)
    if bucket is None:
        return folder_url(home), "default"
    return f"s3://{bucket}", "environment AWS_BUCKET"


def _check_port(variable: str, text: str, problems: list[str]) -> None:
    try:
        _port(text)
    except ValueError as problem:
        problems.append(f"{variable} {text!r}: {problem}")
