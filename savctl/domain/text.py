"""What text savctl accepts for a column, checked before anything is written."""

from __future__ import annotations

from savctl.errors import InvalidInput

VARCHAR_CHARACTERS = 255
TEXT_BYTES = 65_535
REASON_CHARACTERS = 1_000
MAX_ID = 2**63 - 1  # of a row that a database numbered
MAX_FOREIGN_ID = 2**64 - 1  # of a user, agent or order: BIGINT UNSIGNED; SQLite holds MAX_ID


def line(name: str, value: str) -> str:
    """A value for a VARCHAR(255) column: kept whole or refused, never cut."""
    _not_empty(name, value)
    _storable(name, value)
    if len(value) > VARCHAR_CHARACTERS:
        raise InvalidInput(f"{name} has {len(value)} characters; at most {VARCHAR_CHARACTERS} fit")
    return value


def body(name: str, value: str) -> str:
    """A value for a TEXT column: up to 65,535 bytes of UTF-8."""
    _not_empty(name, value)
    _storable(name, value)
    size = len(value.encode())
    if size > TEXT_BYTES:
        raise InvalidInput(f"{name} has {size} bytes of UTF-8; at most {TEXT_BYTES} fit")
    return value


def reason(value: str | None) -> str | None:
    """A reason, or None; an empty one counts as none."""
    if not value:
        return None
    _storable("reason", value)
    if len(value) > REASON_CHARACTERS:
        raise InvalidInput(
            f"reason has {len(value)} characters; at most {REASON_CHARACTERS} are kept"
        )
    return value


def identifier(name: str, value: int) -> int:
    """A user, agent or order id: a whole number from 1; the database may hold less."""
    if not 1 <= value <= MAX_FOREIGN_ID:
        raise InvalidInput(
            f"{name} must be a whole number from 1 to {MAX_FOREIGN_ID}, not {value}"
        )
    return value


def _not_empty(name: str, value: str) -> None:
    if not value:
        raise InvalidInput(f"{name} is empty", hint=f"Give a {name}.")


def _storable(name: str, value: str) -> None:
    if "\0" in value:
        raise InvalidInput(f"{name} contains a NUL character")
    try:
        value.encode()
    except UnicodeEncodeError as problem:
        raise InvalidInput(
            f"{name} is not valid UTF-8 (character {problem.start + 1})",
            hint="Pass the text as UTF-8.",
        ) from None


def plural(number: int, noun: str, several: str | None = None) -> str:
    """The number with its noun: `1 record`, `1,204 records`; `several` is for irregular nouns."""
    word = noun if number == 1 else several or f"{noun}s"
    return f"{number:,} {word}"


def verb(number: int, word: str) -> str:
    """The verb of so many: `waits` of one, else `wait`."""
    return f"{word}s" if number == 1 else word


def are(number: int) -> str:
    """The verb of so many: `is` of one, else `are`."""
    return "is" if number == 1 else "are"
