"""`savctl config`."""

from __future__ import annotations

import os
from pathlib import Path

from savctl.cli.framework.command import command, new_group
from savctl.cli.framework.context import CommandContext
from savctl.cli.framework.output import Answer, Outcome, Row
from savctl.cli.framework.terminal import pad
from savctl.cli.framework.text import safe
from savctl.config import (
    SETTINGS,
    Configuration,
    Setting,
    find_file,
    places,
    read_configuration,
    redacted,
    user_file,
    wrong_settings,
)
from savctl.config.unused import unused_variables
from savctl.errors import ConfigurationError

group = new_group("Show and check the settings.")


@command(
    group, "show", timeless=True, examples=["savctl config show", "savctl config show -o json"]
)
def show(call: CommandContext) -> Answer | Outcome:
    """Show every setting in force, with its origin.

    Secrets are hidden; exit code 2 when a setting is wrong.
    """
    found = read_configuration(os.environ, file=call.config)
    rows = [_row(found, setting) for setting in SETTINGS]
    rows += [
        dict.fromkeys(rows[0], "") | {"setting": f"schedule {job}", "value": line}
        for job, line in found.settings.schedules.items()
    ]
    columns = ("setting", "value", "origin") + (("wrong",) if found.wrong else ())
    answer = Answer(rows=rows, columns=columns, key="setting")
    problems = (*found.problems, *found.settings.unknown)
    if not problems:
        return answer
    if not found.problems:  # a name that is none is an error of `config check` alone
        return Outcome(answer=answer, warnings=problems)
    return Outcome(answer=answer, failures=(wrong_settings(problems),))


def _row(found: Configuration, setting: Setting) -> Row:
    wrong = found.wrong.get(setting.name)
    value = getattr(found.settings, setting.name)
    return {
        "setting": setting.name,
        "value": "" if wrong else redacted(setting, value),
        "origin": found.settings.origins[setting.name],
        "variable": setting.variables[0],
        "meaning": setting.meaning,
        "wrong": wrong,
    }


@command(group, "check", timeless=True, examples=["savctl config check"])
def check(call: CommandContext) -> Answer:
    """Check the settings and name every mistake at once."""
    from savctl.cli.settings_check import more_problems

    found = read_configuration(os.environ, file=call.config)
    problems = (*found.problems, *found.settings.unknown, *more_problems(found.settings))
    if problems:
        raise wrong_settings(problems, hint="Run 'savctl config show' for every setting.")
    given = sum(origin != "default" for origin in found.settings.origins.values())
    unused = unused_variables(os.environ, found.settings)
    for variable in unused:
        call.warn(str(variable))
    names = [variable.name for variable in unused]
    row = {"settings": len(SETTINGS), "given": given, "unused": names, "ok": True}
    return Answer(rows=[row], is_one=True, key="ok")


@command(
    group, "path", timeless=True, examples=["savctl config path", "savctl config path -o json"]
)
def path(call: CommandContext) -> Answer:
    """Show the configuration file in use and the places of others.

    The places are listed in order; only the first file is read.
    """
    used = call.config or _found_file()
    place = used or user_file(os.environ)
    looked_at = [call.config] if call.config else [each.absolute() for each in places(os.environ)]
    found = used.absolute() if used else None
    states = {str(each): _state(each, found) for each in looked_at}
    row = {
        "path": str(place),
        "exists": used is not None,
        "places": [{"path": each, "state": state} for each, state in states.items()],
    }
    width = max(map(len, states))
    lines = [f"{safe(pad(each, width))}  {state}" for each, state in states.items()]
    return Answer(rows=[row], is_one=True, key="path", text="\n".join(lines))


def _state(place: Path, used: Path | None) -> str:
    if used is not None and place.absolute() == used:
        return "used"
    return "not read: only the first is" if place.is_file() else "not there"


def _found_file() -> Path | None:
    try:
        return find_file(os.environ)
    except OSError as problem:
        raise ConfigurationError(f"{problem.filename}: {problem.strerror}") from None
