"""Modules of a command group, found by being there."""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Iterable


def load_commands(package: str, path: Iterable[str]) -> None:
    """Import the modules of a group's package: that adds their commands to the group.

    One named `_x` holds no command: it is imported when a command of it runs.
    """
    for module in sorted(pkgutil.iter_modules(path), key=lambda found: found.name):
        if not module.name.startswith("_"):
            importlib.import_module(f"{package}.{module.name}")
