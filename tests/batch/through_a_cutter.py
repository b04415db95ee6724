"""The command line by way of a network that breaks; fixtures to be imported by test files."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from sqlalchemy.engine import make_url

from savctl.persistence.engine import Database
from tests.conftest import Cli
from tests.servers.network.commit_cutter import CommitCutter


@pytest.fixture
def cutter(database: Database) -> Iterator[CommitCutter]:
    """The network between the command line and the database."""
    with CommitCutter(database.url.port or 3306) as proxy:
        yield proxy


@pytest.fixture
def cut_url(database_url: str, cutter: CommitCutter) -> str:
    """The database by way of the cutter, in clear text."""
    url = make_url(cutter.through(database_url)).update_query_dict({"ssl_disabled": "true"})
    return url.render_as_string(hide_password=False)


@pytest.fixture
def through(cli: Cli, cut_url: str, monkeypatch: pytest.MonkeyPatch) -> Cli:
    """The command line by way of the cutter, in small batches."""
    monkeypatch.setenv("SAVCTL_DATABASE_URL", cut_url)
    monkeypatch.setenv("SAVCTL_BATCH_SIZE", "2")
    return cli
