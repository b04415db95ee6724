"""Command lines as processes of their own."""

from __future__ import annotations

import pytest

from tests.cli.terminals import Terminal


@pytest.fixture
def environment_of(database_url: str, environment: dict[str, str]) -> dict[str, str]:
    """The environment of a process that works on the test's database."""
    return environment | {"SAVCTL_DATABASE_URL": database_url}


@pytest.fixture
def terminal(environment_of: dict[str, str]) -> Terminal:
    """A terminal on which to run command lines on the test's database."""
    return Terminal(environment=environment_of)
