"""The places, a module each; they are found by being here."""

from __future__ import annotations

from functools import cache
from importlib import import_module
from pkgutil import walk_packages

from savctl.usecases.erasure.place import Place


@cache
def all_places() -> tuple[Place, ...]:
    """Every place, in the order in which they are erased."""
    modules = walk_packages(__path__, f"{__name__}.")
    names = sorted(module.name for module in modules if not module.ispkg)
    found: list[Place] = [import_module(name).PLACE for name in names]
    return tuple(sorted(found, key=lambda place: (place.order, place.name)))
