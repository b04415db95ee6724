"""Waiting for a locked row, or for a database that is away, ends after a second."""

from __future__ import annotations

from functools import partial

import pytest

from savctl.persistence.connections.waits import Waits


def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """Every database that is opened from now on waits for locks for a second only."""
    monkeypatch.setattr("savctl.persistence.engine.Waits", partial(Waits, lock_wait_seconds=1))
