"""An application on the test's database."""

from tests.jobs.conftest import app, make_app

__all__ = ["app", "make_app"]
