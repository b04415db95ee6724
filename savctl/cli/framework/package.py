"""Modules of a command group, found by being there."""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Iterable


def load_commands(package: str, path: Iterable[str]) -> None:
    """Import every module of a group's package: that is what adds its commands to the group."""
    for module in sorted(pkgutil.iter_modules(path), key=lambda found: found.name):
        importlib.import_module(f"{package}.{module.name}")
