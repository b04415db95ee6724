"""The one place that makes S3 clients (design 5.8)."""

from __future__ import annotations

import logging
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from threading import RLock
from typing import Any

import boto3
from botocore import UNSIGNED
from botocore.config import Config
from botocore.exceptions import BotoCoreError
from botocore.session import get_session
from botocore.utils import parse_timestamp

from savctl.adapters.s3.digest import content_md5
from savctl.errors import ConfigurationError

for _name in ("boto3", "botocore", "urllib3"):  # every failure is reported in our words, and what
    logging.getLogger(_name).setLevel(logging.CRITICAL)  # they debug are signatures

_MAKING = RLock()  # a session makes its clients one after the other, as boto3 requires


@dataclass(frozen=True, slots=True, kw_only=True)
class S3Settings:
    """How to reach the bucket; the secrets are never shown.

    Without keys boto3 looks for them where it always does. `attempts` counts the first one;
    `at_once` is how many keys a page lists and a request deletes, 1,000 at most.
    """

    bucket: str
    endpoint: str | None = None
    public_endpoint: str | None = None
    region: str = "us-east-1"
    is_path_style: bool = True
    access_key: str | None = None
    secret_key: str | None = None
    session_token: str | None = None
    connect_seconds: float = 5
    read_seconds: float = 30
    attempts: int = 4
    at_once: int = 1_000

    def __repr__(self) -> str:
        return f"S3Settings({self.where})"

    @property
    def where(self) -> str:
        """The bucket as it is named to people."""
        return f"{self.bucket} at {self.endpoint or 'Amazon S3'}"


def new_client(settings: S3Settings, endpoint: str | None) -> Any:
    """A client; nothing is contacted.

    A signature covers the host's name: links for customers need a client of their own.

    Raises:
        ConfigurationError: the settings make no client.
    """
    client = _made(settings, endpoint, _config(settings))
    client.meta.events.register("before-call.s3.DeleteObjects", _add_md5)
    return client


def unsigned_client(settings: S3Settings) -> Any:
    """A client as anybody has one, without keys."""
    config = _config(settings).merge(Config(signature_version=UNSIGNED))
    return _made(settings, settings.endpoint, config)


def _made(settings: S3Settings, endpoint: str | None, config: Config) -> Any:
    try:
        with _MAKING:
            return _session().client(
                "s3",
                endpoint_url=endpoint,
                region_name=settings.region,
                aws_access_key_id=settings.access_key,
                aws_secret_access_key=settings.secret_key,
                aws_session_token=settings.session_token,
                config=config,
            )
    except (ValueError, BotoCoreError) as problem:
        raise ConfigurationError(f"the bucket {settings.where}: {problem}") from problem


@cache
def _session() -> boto3.Session:
    """It reads the descriptions of S3, which takes longer than all the rest."""
    core = get_session()
    parsers = core.get_component("response_parser_factory")
    parsers.set_parser_defaults(timestamp_parser=_instant)
    return boto3.Session(botocore_session=core)


def _instant(value: Any) -> datetime:
    """The time in an answer. What botocore does with it takes most of a listing's time:
    it tries every way in which a date was ever written."""
    try:
        found = datetime.fromisoformat(value)
    except (TypeError, ValueError):
        found = None
    if found is None or found.tzinfo is None:
        found = parse_timestamp(value)
    return found


def _config(settings: S3Settings) -> Config:
    """Checksums only where they must be: older servers refuse those that boto3 adds."""
    return Config(
        signature_version="s3v4",
        s3={"addressing_style": "path" if settings.is_path_style else "virtual"},
        connect_timeout=settings.connect_seconds,
        read_timeout=settings.read_seconds,
        retries={"mode": "standard", "total_max_attempts": settings.attempts},
        request_checksum_calculation="when_required",
        response_checksum_validation="when_required",
        tcp_keepalive=True,
    )


def _add_md5(params: dict[str, Any], **_: object) -> None:
    """MinIO before 2025 refuses DeleteObjects without it, and boto3 no longer sends it."""
    body = params["body"]
    content = body.encode() if isinstance(body, str) else body
    params["headers"]["Content-MD5"] = content_md5(content)
