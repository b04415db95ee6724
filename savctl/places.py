"""Where `jobs/` and `migrations/` are: beside the package in a checkout, inside it when installed.

Two names like these do not belong into site-packages, so the wheel has them below `savctl/`.
"""

from __future__ import annotations

from pathlib import Path

_PACKAGE = Path(__file__).resolve().parent


def folder_of(part: str) -> Path:
    """The folder of this name."""
    inside = _PACKAGE / part
    return inside if inside.is_dir() else _PACKAGE.parent / part
