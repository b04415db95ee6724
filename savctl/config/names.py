"""Environment variables that look like settings and are none: a typo must not pass in silence.

Contract: command line, 2.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from difflib import get_close_matches

from savctl.config.setting import Setting

PREFIX = "SAVCTL_"
SCHEDULE_PREFIX = "SAVCTL_SCHEDULE_"
_FILE = "_FILE"
# Names of others: the test-suite's own, and the marks of shell completion.
_FOREIGN = ("SAVCTL_TEST_",)


def unknown_variables(
    environment: Mapping[str, str], settings: Iterable[Setting]
) -> tuple[str, ...]:
    """What is wrong with each `SAVCTL_*` name that no setting has, in the order of the names."""
    known = {v for setting in settings for v in setting.variables if v.startswith(PREFIX)}
    known |= {f"{variable}{_FILE}" for variable in known}
    return tuple(
        _named(variable, known)
        for variable in sorted(environment)
        if variable.startswith(PREFIX)
        and variable not in known
        and not variable.startswith((SCHEDULE_PREFIX, *_FOREIGN))
    )


def _named(variable: str, known: Iterable[str]) -> str:
    near = get_close_matches(variable, sorted(known), n=1)
    guess = f"; did you mean {near[0]}?" if near else ""
    return f"{variable}: no setting has this variable{guess}"
