"""Option values that are more than one word: `@FILE`, `-`, `K=V`, `ID`."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Annotated

import typer

from savctl.domain.model.json_text import encode
from savctl.domain.model.person_refs import PersonReference, person_reference
from savctl.domain.text import MAX_FOREIGN_ID, TEXT_BYTES
from savctl.errors import InvalidInput

MAX_LIMIT = 10**9


def whole(
    option: str, *, low: int = 1, high: int = MAX_FOREIGN_ID, hint: str | None = None
) -> Callable[[str], int]:
    """A parser for a whole number in plain digits: `1_000` and other scripts' digits are none."""

    def parse(given: str) -> int:
        digits = str(given).strip()
        is_number = digits.isascii() and digits.isdecimal() and len(digits) <= len(str(high))
        if not is_number or not low <= int(digits) <= high:
            raise InvalidInput(
                f"{option} must be a whole number from {low} to {high}, not {str(given)[:60]!r}",
                hint=hint,
            )
        return int(digits)

    return parse


def person(option: str) -> Callable[[str], PersonReference]:
    """A parser for a user id or an e-mail address."""

    def parse(given: str) -> PersonReference:
        return person_reference(option, given)

    return parse


Limit = Annotated[
    int,
    typer.Option(
        "--limit",
        metavar="N",
        parser=whole(
            "--limit", low=0, high=MAX_LIMIT, hint="Give how many rows to show; 0 shows all."
        ),
        help="0 is no limit.",
    ),
]


def agent_id(given: str | None) -> int | None:
    """The agent of `--agent ID|none`; None for none, and for any."""
    if given is None or given == "none":
        return None
    if not given.isascii() or not given.isdecimal():
        raise InvalidInput(f"--agent {given!r} is neither an agent's id nor none")
    return whole("--agent")(given)


def long_text(name: str, given: str) -> str:
    """The text itself, the content of `@FILE`, or stdin for `-`; `@@…` is a text with one `@`.

    One final line break, which every editor adds, is not part of the text.
    """
    if given == "-":
        return _read(name, None)
    if given.startswith("@@"):
        return given[1:]
    return _read(name, Path(given[1:])) if given.startswith("@") else given


def pairs(name: str, given: Sequence[str] | None) -> dict[str, object]:
    """`K=V` options; a value that is JSON (a number, true, an object) is taken as such."""
    found: dict[str, object] = {}
    for item in given or ():
        key, separator, value = item.partition("=")
        if not separator or not key:
            raise InvalidInput(f"--{name} {item!r} is not KEY=VALUE")
        found[key] = _json_or_text(value)
    return found


def _json_or_text(value: str) -> object:
    try:
        parsed = json.loads(value)
        encode(parsed)  # NaN and numbers without end are no JSON, whatever Python reads
    except (ValueError, RecursionError):
        return value
    return parsed


def _read(name: str, path: Path | None) -> str:
    limit = 4 * TEXT_BYTES
    try:
        if path is None:
            raw = sys.stdin.buffer.read(limit)
        else:
            with path.open("rb") as stream:
                raw = stream.read(limit)
        if len(raw) == limit:
            raise InvalidInput(f"{name} has over {limit} bytes; at most {TEXT_BYTES} fit")
        return raw.decode().removesuffix("\n").removesuffix("\r")
    except OSError as problem:
        raise InvalidInput(f"{name}: cannot read {path}: {problem.strerror}") from None
    except UnicodeDecodeError:
        raise InvalidInput(f"{name}: {path or 'stdin'} is not UTF-8 text") from None
