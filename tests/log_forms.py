"""Whatever a test makes savctl log can be written in every form; the log is then as it was.

A pytest plugin, loaded by tests/conftest.py. A record that only one form cannot write would end
a scheduler that writes its log in that form, and most tests write none.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Generator

import pytest

from savctl.cli.framework.stderr.streams import use_log_lines
from savctl.log import FORMATS, LIBRARIES, LOGGER, to_stderr

_log = logging.getLogger(LOGGER)


class _EveryForm(logging.Handler):
    """Writes each record in every form, to nowhere."""

    def __init__(self) -> None:
        super().__init__()
        self._forms: list[logging.Formatter] = []
        for form in FORMATS:
            to_stderr(logging.INFO, form=form)
            formatter = _log.handlers[-1].formatter
            assert formatter is not None
            self._forms.append(formatter)

    def emit(self, record: logging.LogRecord) -> None:
        for form in self._forms:
            form.format(record)


def pytest_configure() -> None:
    """From now on; also what is only logged by a scheduler (INFO)."""
    logs = [logging.getLogger(name) for name in (LOGGER, *LIBRARIES)]
    before, hook = [list(log.handlers) for log in logs], threading.excepthook
    handler = _EveryForm()
    for log, handlers in zip(logs, before, strict=True):
        log.handlers[:] = handlers
    threading.excepthook = hook
    _log.addHandler(handler)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_protocol() -> Generator[None, object, object]:
    """Give the log back."""
    handlers, level, hook = list(_log.handlers), _log.level, threading.excepthook
    try:
        return (yield)
    finally:
        _log.handlers[:] = handlers
        _log.setLevel(level)
        threading.excepthook = hook
        use_log_lines(wanted=False)  # what the last command line of the test asked for
