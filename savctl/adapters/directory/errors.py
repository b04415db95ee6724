"""Failures of a folder and its index in an operator's words."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from os.path import isdir

from savctl.errors import ConfigurationError
from savctl.ports.objects import StoreRefused, StoreUnavailable


@contextmanager
def translating_errors(folder: str) -> Iterator[None]:
    """Translate what files and SQLite raise inside."""
    try:
        yield
    except PermissionError as problem:
        raise StoreRefused(
            f"the folder of files {folder} may not be used: {problem.strerror}",
            hint="Give the user that runs savctl read and write access to it.",
        ) from problem
    except (OSError, sqlite3.Error) as problem:
        if isinstance(problem, FileExistsError | NotADirectoryError) and not isdir(folder):
            raise ConfigurationError(
                f"the folder of files {folder} cannot be made: a file has its name",
                hint="Check storage_url.",
            ) from problem
        reason = (problem.strerror if isinstance(problem, OSError) else None) or str(problem)
        raise StoreUnavailable(
            f"the folder of files {folder} does not work: {reason}",
            hint="Is its disk full, read-only or gone, or is it another user's?",
        ) from problem
