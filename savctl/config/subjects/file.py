"""Settings: bucket, scanner, attachments."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

from savctl.config import values
from savctl.config.setting import setting


@dataclass(frozen=True, kw_only=True, init=False, repr=False, eq=False)
class FileSettings:
    """Bucket, scanner, attachments."""

    storage_url: str = setting(
        None,
        values.storage_url,
        "s3://bucket or file:///folder; or AWS_BUCKET; without one, a folder in home",
    )
    storage_endpoint: str | None = setting(
        None, values.http_url, "address of the S3 server; none: Amazon's", also=("AWS_ENDPOINT",)
    )
    storage_public_endpoint: str | None = setting(
        None, values.http_url, "the same server as customers reach it, for links"
    )
    storage_region: str = setting(
        "us-east-1", str, "region of the bucket", also=("AWS_DEFAULT_REGION",)
    )
    storage_path_style: bool = setting(
        True,
        values.yes,
        "put the bucket's name into the path, not into the host name",
        also=("AWS_USE_PATH_STYLE_ENDPOINT",),
    )
    storage_access_key: str | None = setting(
        None, str, "access key of the bucket", also=("AWS_ACCESS_KEY_ID",)
    )
    storage_secret_key: str | None = setting(
        None, str, "its secret", also=("AWS_SECRET_ACCESS_KEY",), secret=True
    )
    storage_session_token: str | None = setting(
        None, str, "the third part of temporary keys", also=("AWS_SESSION_TOKEN",), secret=True
    )
    scanner_url: str | None = setting(
        None,
        values.scanner_url,
        "clamd, tcp://host:3310 or unix:///socket; set, a file that cannot be scanned is refused",
    )
    scanner_timeout: timedelta = setting(
        timedelta(minutes=1), values.span, "how long the scanner may take for one file"
    )
    link_lifetime: timedelta = setting(
        timedelta(minutes=15),
        values.span_up_to(timedelta(minutes=15)),
        "how long a link to a file works; at most 15 minutes",
    )
    token: str | None = setting(
        None,
        str,
        "token of the auth service (JWT) that proves who acts, and the role",
        secret=True,
    )
    token_key: str | None = setting(
        None,
        str,
        "what tokens are checked with: the shared secret (HS256), or a public key in PEM form",
        secret=True,
    )
    rate_limit: int = setting(
        60,
        values.whole(0, 10_000),
        "commands a minute that the user of a token may start, over all hosts; 0: no limit",
    )
    file_retention: timedelta = setting(
        timedelta(days=30),
        values.span,
        "how long deleted files and hidden orphans can be brought back",
    )
    orphan_grace: timedelta = setting(
        timedelta(hours=24),
        values.span,
        "age below which an object without a record is left alone: its upload may be running",
    )
    orphan_brake_percent: int = setting(
        20,
        values.whole(1, 100),
        "share of the bucket that may be orphaned before a person has to look",
    )
    orphan_brake_count: int = setting(
        100, values.whole(0, 10**9), "orphans that never stop a run, whatever their share"
    )
