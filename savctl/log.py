"""The log on stderr: one line a record, as text for people or as JSON for machines (rules 18.4).

What a call site passes as `extra`, and what `log_fields` adds for the time of a run, are fields
of the line: `event`, `job`, `run_id`, `ticket_number`, …; `details` holds further ones, which a
text line leaves out because its message has them. Stored text may be in the message of a failure
of ours; it forges no line and steers no terminal. The text of any other exception is left out,
because it may repeat what the database holds: a traceback has its type and its places.
"""

from __future__ import annotations

import json
import logging
import socket
import sys
import threading
import traceback
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from contextvars import ContextVar
from datetime import UTC, datetime
from types import MappingProxyType
from typing import Any

from savctl.domain.text_safety.steering import escaped
from savctl.errors import SavError

LOGGER = "savctl"
TEXT, JSON = "text", "json"
FORMATS = (TEXT, JSON)
DETAILS = "details"
LIBRARIES = ("apscheduler",)  # those that report by themselves; the others are silenced

# What every record has; everything else on it is a field of ours.
_OWN_TO_LOGGING = frozenset(vars(logging.makeLogRecord({}))) | {"message", "asctime"}
_BREAKS = str.maketrans({"\n": "\\n", "\r": "\\r", "\t": "\\t"})
_NONE: Mapping[str, Any] = MappingProxyType({})
_fields: ContextVar[Mapping[str, Any]] = ContextVar("savctl_log_fields", default=_NONE)


@contextmanager
def log_fields(**fields: Any) -> Iterator[None]:
    """Add these fields to everything that this thread logs inside the block."""
    before = _fields.set({**_fields.get(), **fields})
    try:
        yield
    finally:
        _fields.reset(before)


def json_line(level: str, event: str, message: str, **fields: object) -> str:
    """What is not logged, in the form of the lines that are."""
    record = logging.makeLogRecord({"levelname": level, "msg": "%s", "args": (message,)})
    vars(record).update(event=event, **fields)
    return _JsonLines().format(record)


def to_stderr(level: int, *, form: str = TEXT) -> None:
    """Write what savctl logs from this level on to stderr; calling it again sets both anew.

    Args:
        form: one of `FORMATS`.
    """
    for name in (LOGGER, *LIBRARIES):
        logger = logging.getLogger(name)
        handlers = [handler for handler in logger.handlers if isinstance(handler, _OnStderr)]
        if not handlers:
            handlers = [_OnStderr()]
            logger.addHandler(handlers[0])
        handlers[0].setFormatter(_JsonLines() if form == JSON else _TextLines())
    logging.getLogger(LOGGER).setLevel(level)
    threading.excepthook = _thread_failed


def safe_trace(problem: BaseException) -> list[str]:
    """The lines of a traceback: places and types, and the texts of our own failures only."""
    shown = traceback.TracebackException.from_exception(problem)
    found: list[str] = []
    for one, failure in _chain(shown, problem):
        found += ["Traceback (most recent call last):"] if one.stack else []
        found += [line for part in one.stack.format() for line in part.rstrip().split("\n")]
        name = type(failure).__name__
        is_ours = isinstance(failure, SavError)
        found.append(f"{name}: {failure}" if is_ours else name)
    return found


def _chain(
    shown: traceback.TracebackException, problem: BaseException
) -> Iterator[tuple[traceback.TracebackException, BaseException]]:
    """What was raised, the first one first."""
    pairs: list[tuple[traceback.TracebackException, BaseException]] = []
    one: traceback.TracebackException | None = shown
    failure: BaseException | None = problem
    while one is not None and failure is not None:
        pairs.append((one, failure))
        if one.__cause__ is not None:
            one, failure = one.__cause__, failure.__cause__
        elif one.__suppress_context__:
            break
        else:
            one, failure = one.__context__, failure.__context__
    yield from reversed(pairs)


def _thread_failed(failed: threading.ExceptHookArgs) -> None:
    """A thread that nobody watches died: a line like every other one."""
    name = failed.thread.name if failed.thread else "a thread"
    extra = {"event": "thread_failed"}
    logging.getLogger(LOGGER).error("%s failed.", name, exc_info=failed.exc_value, extra=extra)


class _OnStderr(logging.Handler):
    """Writes to what stderr is at the moment; a full disk under it stops no job."""

    def emit(self, record: logging.LogRecord) -> None:
        try:
            line = self.format(record)
        except Exception as problem:  # a fault of the call, which must not become one of its run
            line = self.format(_unwritable(record, problem))
        with suppress(OSError):
            sys.stderr.write(line + "\n")


class _TextLines(logging.Formatter):
    """`2025-10-03T10:30:00Z ERROR message job=… run_id=…`; a traceback is indented below it."""

    def format(self, record: logging.LogRecord) -> str:
        found = {n: value for n, value in _extra(record).items() if n != DETAILS}
        fields = [f"{name}={_text_value(value)}" for name, value in found.items()]
        at = datetime.fromtimestamp(record.created, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
        head = " ".join((at, record.levelname, _safe(record.getMessage()), *fields))
        return "\n".join((head, *(f"    {_safe(line)}" for line in _trace(record))))


class _JsonLines(logging.Formatter):
    """`{"at": …, "level": …, "event": …, "message": …, "host": …}` and the fields, on one line."""

    def format(self, record: logging.LogRecord) -> str:
        fields = _extra(record)
        details = fields.pop(DETAILS, {})
        line = {
            "at": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
            "event": "log",
            "message": record.getMessage(),
            "host": socket.gethostname(),
            **fields,
            **details,
        }
        line["at"] = line["at"].replace("+00:00", "Z")
        if trace := _trace(record):
            line["traceback"] = "\n".join(trace)
        return json.dumps(line, ensure_ascii=True, default=str)  # ASCII: no character steers


def _extra(record: logging.LogRecord) -> dict[str, Any]:
    own = {k: v for k, v in vars(record).items() if k not in _OWN_TO_LOGGING}
    return {k: v for k, v in {**_fields.get(), **own}.items() if v is not None}


def _unwritable(record: logging.LogRecord, problem: Exception) -> logging.LogRecord:
    """What stands in the place of a record that cannot be written: our own text, no value."""
    text = f"{record.msg} (its values cannot be shown: {type(problem).__name__})"
    fields = {"levelname": record.levelname, "msg": "%s", "args": (text,), "event": "log_failed"}
    return logging.makeLogRecord(fields)


def _trace(record: logging.LogRecord) -> list[str]:
    problem = record.exc_info[1] if record.exc_info else None
    return safe_trace(problem) if problem is not None else []


def _text_value(value: object) -> str:
    text = _safe(str(value))
    return json.dumps(text, ensure_ascii=False) if not text or " " in text or '"' in text else text


def _safe(text: str) -> str:
    return escaped(text.translate(_BREAKS))
