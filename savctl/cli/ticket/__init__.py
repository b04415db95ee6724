"""`savctl ticket …`: each module here adds its commands to the group when one of them is used."""

from __future__ import annotations

from savctl.cli.framework.command import new_group

# A start imports one of these modules: all of them take a sixth of `ticket show`.
_MODULES = {
    "create": ("create", "edit"),
    "importing": ("import",),
    "merge": ("merge", "split", "duplicates"),
    "move": (
        *("assign", "unassign", "wait", "resume"),
        *("resolve", "reopen", "close", "priority"),
    ),
    "read": ("list", "show", "history", "next"),
    "search": ("search",),
    "bulk": ("bulk",),
}

group = new_group("Create, find, assign and move tickets.", package=__name__, modules=_MODULES)
