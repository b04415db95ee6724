"""The certificate of an erasure: counts and digests, nothing of the person (rules 16.7)."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping

DIGEST = "sha256"
KEYS = (
    *("id", "person", "mode", "partial", "reason", "requested_at", "started_at", "finished_at"),
    *("actor", "savctl_version", "places", "bundles", "backups", "holds", "verification", DIGEST),
)


def sealed(values: Mapping[str, object]) -> dict[str, object]:
    """A certificate with its digest."""
    return {**values, DIGEST: digest_of(values)}


def digest_of(certificate: Mapping[str, object]) -> str:
    """SHA-256 over the canonical JSON of everything but the digest itself."""
    values = {key: value for key, value in certificate.items() if key != DIGEST}
    text = json.dumps(values, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    return hashlib.sha256(text.encode()).hexdigest()


def problem_of(certificate: object) -> str | None:
    """Why this is no certificate as it was made; None when it is.

    It says nothing about who made it: anybody can compute a digest.
    """
    if not isinstance(certificate, dict):
        return "it is not a JSON object"
    lacking = [key for key in KEYS if key not in certificate]
    if lacking:
        return f"it lacks {', '.join(lacking)}"
    if certificate[DIGEST] != digest_of(certificate):
        return "it was altered: its sha256 is that of another text"
    return None
