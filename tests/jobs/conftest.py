"""An application on the test's database, and jobs made for the occasion."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from savctl.bootstrap import App
from savctl.config import load
from savctl.persistence.engine import Database
from savctl.ports import SetClock
from savctl.scheduling.job import Context, Job

MakeApp = Callable[..., App]


@pytest.fixture
def make_app(database: Database, database_url: str, clock: SetClock) -> MakeApp:
    """An application with settings of its own, as on another host of the same database."""

    def make(*, owner: str = "here:1", **settings: Any) -> App:
        loaded = load({"SAVCTL_DATABASE_URL": database_url, "HOME": "."})
        app = OwnedApp(replace(loaded, **settings), clock)
        app.__dict__["raw_database"] = app.__dict__["database"] = database
        app.name = owner
        return app

    return make


@pytest.fixture
def app(make_app: MakeApp) -> App:
    return make_app()


class OwnedApp(App):
    """An application that says which host and process it is."""

    name = "here:1"

    @property
    def owner(self) -> str:
        return self.name


def a_job(work: Callable[[Context], None] = lambda _: None, **fields: Any) -> Job:
    """A job for one test."""
    known: dict[str, Any] = {
        "name": "test-job",
        "cron": "*/15 * * * *",
        "summary": "A job for one test",
        "run": work,
    }
    return Job(**known | fields)
