"""Settings: what is encrypted in `metadata`, and where the keys are."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from savctl.config import values
from savctl.config.setting import setting
from savctl.domain.encryption.places import DEFAULT_PATHS


@dataclass(frozen=True, kw_only=True, init=False, repr=False, eq=False)
class KeySettings:
    """Encrypted values."""

    keys_file: Path | None = setting(
        None, Path, "file with the keys of encrypted values, mode 0600; none: nothing is encrypted"
    )
    keys_command: str | None = setting(
        None, values.command_line, "program that prints the keys as keys_file has them"
    )
    encrypted_metadata: tuple[str, ...] = setting(
        DEFAULT_PATHS,
        values.metadata_paths,
        "members of metadata that are encrypted, with commas; dotted paths name nested ones",
    )
