"""Copies that no erasure reaches, and why; the certificate or the manual names each."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

# By place of the inventory.
OUT_OF_REACH: Mapping[str, str] = MappingProxyType(
    {
        "export: files of savctl export and gdpr export": "whoever holds the file; the audit "
        "knows its digest",
        "backup: dumps": "not rewritten; delete them in time, and erase again "
        "after one was restored",
        "export: other files that a command was asked for": "whoever holds the file",
        "backup: binary logs": "not rewritten; the certificate names until when they are kept",
        "spool: temporary files of a running command": "gone when that command ends",
        "log: savctl's own log": "ids only",
        "broker: events that were published": "the consumers erase theirs",
    }
)
