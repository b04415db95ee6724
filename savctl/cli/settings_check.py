"""Mistakes in settings that need more than the settings to be found: a token, schedules, files."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from savctl.config import Settings
from savctl.errors import ConfigurationError, SavError


def more_problems(settings: Settings) -> Iterator[str]:
    """What is wrong beyond a single value, each in words that name the setting."""
    for _, problem in problems_by_line(settings):
        yield problem


def problems_by_line(settings: Settings) -> Iterator[tuple[str, str]]:
    """The same, each behind the line of `doctor` that it belongs to."""
    checks = {"token": _token, "scheduler": _schedules, "database": _address, "keys": _keys}
    for line, check in checks.items():
        problem = _problem_of(check, settings)
        if problem is not None:
            yield line, problem


def _problem_of(check: Callable[[Settings], object], settings: Settings) -> str | None:
    try:
        check(settings)
    except SavError as problem:
        return problem.message
    return None


def _token(settings: Settings) -> None:
    from savctl.adapters.tokens.proving import requester_of, require_good_key
    from savctl.adapters.tokens.terms import terms_of

    terms = terms_of(settings)
    if settings.token is not None:
        requester_of(settings.token, terms)
    elif settings.token_key is not None or settings.token_jwks is not None:
        require_good_key(terms)


def _schedules(settings: Settings) -> None:
    from savctl.scheduling.plan import all_schedules

    all_schedules(settings)


def _address(settings: Settings) -> None:
    from savctl.persistence.engine import Database

    database = Database(settings.database_url)
    try:
        _ = database.engine
    finally:
        database.close()


def _keys(settings: Settings) -> None:
    from savctl.bootstrap import App

    if settings.keys_file is not None and settings.keys_command is not None:
        raise ConfigurationError("keys_file and keys_command are both set: set one of them")
    source = App(settings).key_source
    if source is not None:
        source.keys()
