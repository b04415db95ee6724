"""`savctl config`."""

from __future__ import annotations

import os

from savctl.cli._call import Call
from savctl.cli._command import command, new_group
from savctl.cli._output import Answer, Row
from savctl.config import SETTINGS, find_file, redacted, user_file
from savctl.config.unused import unused_variables

group = new_group("Settings, and where each came from.")


@command(group, "show", examples=["savctl config show", "savctl config show -o json"])
def show(call: Call) -> Answer:
    """Every setting in force, secrets hidden, with its origin."""
    settings = call.settings
    rows: list[Row] = [
        {
            "setting": setting.name,
            "value": redacted(setting, getattr(settings, setting.name)),
            "origin": settings.origins[setting.name],
            "variable": setting.variables[0],
            "meaning": setting.meaning,
        }
        for setting in SETTINGS
    ]
    rows += [
        {"setting": f"schedule {job}", "value": line, "origin": "", "variable": "", "meaning": ""}
        for job, line in settings.schedules.items()
    ]
    return Answer(rows=rows, columns=("setting", "value", "origin"), key="setting")


@command(group, "check", examples=["savctl config check"])
def check(call: Call) -> Answer:
    """Read the settings and say whether they are right; every mistake is named at once."""
    settings = call.settings
    given = sum(origin != "default" for origin in settings.origins.values())
    unused = [variable.name for variable in unused_variables(os.environ, settings)]
    row = {"settings": len(SETTINGS), "given": given, "unused": unused, "ok": True}
    return Answer(rows=[row], is_one=True, key="ok")


@command(group, "path", examples=["savctl config path"])
def path(call: Call) -> Answer:
    """The configuration file in use, or where one would be read from."""
    used = call.config or find_file(os.environ)
    place = used or user_file(os.environ)
    row = {"path": str(place), "exists": used is not None}
    return Answer(rows=[row], is_one=True, key="path")
