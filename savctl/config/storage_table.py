"""The table of settings: bucket, scanner, attachments."""

from __future__ import annotations

from datetime import timedelta

from savctl.config import values
from savctl.config.settings import Setting

STORAGE: tuple[Setting, ...] = (
    Setting(
        "storage_url",
        ("SAVCTL_STORAGE_URL",),
        values.storage_url,
        None,
        "s3://bucket or file:///folder; or AWS_BUCKET; without one, a folder in home",
    ),
    Setting(
        "storage_endpoint",
        ("SAVCTL_STORAGE_ENDPOINT", "AWS_ENDPOINT"),
        values.http_url,
        None,
        "address of the S3 server; none: Amazon's",
    ),
    Setting(
        "storage_public_endpoint",
        ("SAVCTL_STORAGE_PUBLIC_ENDPOINT",),
        values.http_url,
        None,
        "the same server as customers reach it, for links",
    ),
    Setting(
        "storage_region",
        ("SAVCTL_STORAGE_REGION", "AWS_DEFAULT_REGION"),
        str,
        "us-east-1",
        "region of the bucket",
    ),
    Setting(
        "storage_path_style",
        ("SAVCTL_STORAGE_PATH_STYLE", "AWS_USE_PATH_STYLE_ENDPOINT"),
        values.yes,
        True,
        "the bucket's name stands in the path, not in the host's name",
    ),
    Setting(
        "storage_access_key",
        ("SAVCTL_STORAGE_ACCESS_KEY", "AWS_ACCESS_KEY_ID"),
        str,
        None,
        "access key of the bucket",
    ),
    Setting(
        "storage_secret_key",
        ("SAVCTL_STORAGE_SECRET_KEY", "AWS_SECRET_ACCESS_KEY"),
        str,
        None,
        "its secret",
        secret=True,
    ),
    Setting(
        "storage_session_token",
        ("SAVCTL_STORAGE_SESSION_TOKEN", "AWS_SESSION_TOKEN"),
        str,
        None,
        "the third part of temporary keys",
        secret=True,
    ),
    Setting(
        "scanner_url",
        ("SAVCTL_SCANNER_URL",),
        values.scanner_url,
        None,
        "clamd, tcp://host:3310 or unix:///socket; set, a file that cannot be scanned is refused",
    ),
    Setting(
        "scanner_timeout",
        ("SAVCTL_SCANNER_TIMEOUT",),
        values.span,
        timedelta(minutes=1),
        "how long the scanner may take for one file",
    ),
    Setting(
        "link_lifetime",
        ("SAVCTL_LINK_LIFETIME",),
        values.span_up_to(timedelta(minutes=15)),
        timedelta(minutes=15),
        "how long a link to a file works; at most 15 minutes",
    ),
    Setting(
        "token",
        ("SAVCTL_TOKEN",),
        str,
        None,
        "token of the auth service (JWT) that proves who acts, and the role",
        secret=True,
    ),
    Setting(
        "token_key",
        ("SAVCTL_TOKEN_KEY",),
        str,
        None,
        "what tokens are checked with: the shared secret (HS256), or a public key in PEM form",
        secret=True,
    ),
    Setting(
        "file_retention",
        ("SAVCTL_FILE_RETENTION",),
        values.span,
        timedelta(days=30),
        "how long deleted files and hidden orphans can be brought back",
    ),
    Setting(
        "orphan_grace",
        ("SAVCTL_ORPHAN_GRACE",),
        values.span,
        timedelta(hours=24),
        "age below which an object without a record is left alone: its upload may be under way",
    ),
    Setting(
        "orphan_brake_percent",
        ("SAVCTL_ORPHAN_BRAKE_PERCENT",),
        values.whole(1, 100),
        20,
        "share of the bucket that may be orphaned before a person has to look",
    ),
    Setting(
        "orphan_brake_count",
        ("SAVCTL_ORPHAN_BRAKE_COUNT",),
        values.whole(0, 10**9),
        100,
        "orphans that never stop a run, whatever their share",
    ),
)
