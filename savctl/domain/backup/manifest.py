"""The manifest of a backup (settled 28)."""

from __future__ import annotations

import json
import re
import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import Any

from savctl.domain.backup.sealing import SpoiledFile
from savctl.domain.clock import second_text

NAME = "manifest.json"
SCRATCH_PREFIX = "savctl_restore_"
_ID = re.compile(r"[0-9]{8}_[0-9]{6}_[0-9a-f]{6}")
UNPROVEN, OK, FAILED = "unproven", "ok", "failed"


@dataclass(frozen=True, slots=True, kw_only=True)
class Manifest:
    """A backup; `files` are those beside the manifest, sizes and digests as they are stored.

    `tables` has rows and checksum by table, `position` is FILE:OFFSET of the binary log.
    """

    id: str
    made_at: datetime
    server_version: str
    client_version: str | None
    schema_revision: str | None
    position: str | None
    database: str
    key_id: str | None
    files: Sequence[Mapping[str, Any]]
    tables: Mapping[str, Mapping[str, Any]]
    bucket: Mapping[str, int | None] = field(default_factory=dict)
    state: str = UNPROVEN
    verified_at: datetime | None = None

    @property
    def size_bytes(self) -> int:
        """What it takes in its place, the manifest left out."""
        return sum(int(file["bytes"]) for file in self.files)

    @property
    def is_sqlite(self) -> bool:
        """Whether it is a copy of an embedded database, not SQL text."""
        return any("database.sqlite" in str(file["name"]) for file in self.files)

    @property
    def scratch(self) -> str:
        """The schema into which it is restored for a test."""
        return f"{SCRATCH_PREFIX}{self.id}"

    def judged(self, state: str, at: datetime) -> Manifest:
        """The same after a verification."""
        return replace(self, state=state, verified_at=at)

    def as_json(self) -> dict[str, Any]:
        """The documented keys."""
        return {
            "id": self.id,
            "made_at": second_text(self.made_at),
            "server_version": self.server_version,
            "client_version": self.client_version,
            "schema_revision": self.schema_revision,
            "position": self.position,
            "database": self.database,
            "encrypted": self.key_id is not None,
            "key_id": self.key_id,
            "files": [dict(file) for file in self.files],
            "tables": {name: dict(table) for name, table in self.tables.items()},
            "bucket": dict(self.bucket),
            "state": self.state,
            "verified_at": None if self.verified_at is None else second_text(self.verified_at),
        }

    def as_bytes(self) -> bytes:
        """The file."""
        return json.dumps(self.as_json(), ensure_ascii=False, indent=1).encode() + b"\n"

    @classmethod
    def read(cls, content: bytes, backup_id: str) -> Manifest:
        """The manifest out of its file.

        Raises:
            SpoiledFile: it is none, or that of another backup.
        """
        try:
            found = json.loads(content)
            taken = {name: found[name] for name in _TAKEN}
            made_at = datetime.fromisoformat(found["made_at"])
            verified_at = _time(found["verified_at"])
            _check(taken, backup_id)
            return cls(**taken, made_at=made_at, verified_at=verified_at)
        except (ValueError, KeyError, TypeError, AttributeError):
            raise SpoiledFile(
                f"the manifest of the backup {backup_id} is damaged",
                hint="Use another backup: savctl backup list.",
                backup=backup_id,
            ) from None


_STATES = frozenset((UNPROVEN, OK, FAILED))
_TAKEN = (
    *("id", "server_version", "client_version", "schema_revision", "position", "database"),
    *("key_id", "files", "tables", "bucket", "state"),
)


def new_id(now: datetime) -> str:
    """An id that sorts by time, and that may be part of the name of a schema."""
    at = now.astimezone(UTC)
    return f"{at:%Y%m%d_%H%M%S}_{at.microsecond:05x}{secrets.randbelow(16):x}"


def is_id(text: str) -> bool:
    """Whether a backup may have this id."""
    return _ID.fullmatch(text) is not None


def _time(text: str | None) -> datetime | None:
    return None if text is None else datetime.fromisoformat(text)


def _check(taken: Mapping[str, Any], backup_id: str) -> None:
    if taken["id"] != backup_id or taken["state"] not in _STATES:
        raise ValueError
    for file in taken["files"]:
        if not str(file["name"]).startswith(f"{taken['id']}/"):
            raise ValueError
        int(file["bytes"]), bytes.fromhex(file["sha256"])
    for table in taken["tables"].values():
        int(table["rows"]), str(table["checksum"])
