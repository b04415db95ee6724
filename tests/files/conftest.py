"""Files ready to be attached, and stores that break at a wished moment."""

from __future__ import annotations

import io
from collections.abc import Callable, Iterator
from contextlib import ExitStack

import pytest

from savctl.ports import Scanner
from savctl.usecases.files.staging import Staged, Staging

Stage = Callable[..., list[Staged]]


@pytest.fixture
def stage() -> Iterator[Stage]:
    """Examine files, `(name, content)` each; they are there until the test ends."""
    with ExitStack() as stack:

        def examined(*files: tuple[str, bytes], scanner: Scanner | None = None) -> list[Staged]:
            staging = stack.enter_context(Staging(scanner))
            return staging.add_all((name, io.BytesIO(content)) for name, content in files)

        yield examined
