"""The text of a setting on its way to its value; a mistake never repeats a password."""

from __future__ import annotations

from decimal import InvalidOperation
from pathlib import Path
from typing import Any

from savctl.config.setting import Setting
from savctl.errors import InvalidInput

_SHOWN_CHARACTERS = 100


def text_of(setting: Setting, value: Any, path: Path | None, problems: list[str]) -> str | None:
    """A value of the file as an environment variable would hold it."""
    if isinstance(value, dict | list):
        problems.append(f"{setting.name} (file {path}): must be one value, not several")
        return None
    try:
        return str(value).lower() if isinstance(value, bool) else str(value)
    except ValueError:  # Python writes no number of thousands of digits
        problems.append(f"{setting.name} (file {path}): the number is too long")
        return None


def parsed(setting: Setting, text: str | None, origin: str, problems: list[str]) -> Any:
    """The value, or the default when the text is none or wrong."""
    if text is None:
        return setting.default
    try:
        _require_text(text)
        return setting.parse(text)
    except (ValueError, OverflowError, InvalidOperation, InvalidInput) as problem:
        problems.append(f"{setting.name}{_shown(setting, text)} ({origin}): {_why(text, problem)}")
        return setting.default


def _require_text(text: str) -> None:
    if "\0" in text:
        raise ValueError("must not hold a NUL character")


def _shown(setting: Setting, text: str) -> str:
    """A wrong value as it may be repeated: never one that could hold a password."""
    if setting.secret or ("://" in text and "@" in text):
        return ""
    return f" {text[:_SHOWN_CHARACTERS]!r}"


def _why(text: str, problem: Exception) -> str:
    reason = str(problem)
    if isinstance(problem, InvalidOperation):
        return "is not a number"
    if isinstance(problem, OverflowError):
        return "is out of range"
    if "netloc" in reason and "@" in text:  # urllib repeats the whole address, its password too
        return "is no address"
    return reason.replace(repr(text), "it")
