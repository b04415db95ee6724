"""Reading a mapping file: TOML, or JSON of the same shape."""

from __future__ import annotations

import tomllib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from savctl.domain.imports.mapping import Mapped, mapped
from savctl.domain.imports.mapping_errors import MappingError, place_of
from savctl.domain.imports.mapping_lines import line_of
from savctl.domain.imports.strict_json import strict_json
from savctl.errors import InvalidInput


def read_mapping(path: Path | None) -> Mapped:
    """The mapping in the file; without a file, the service's column names hold.

    Raises:
        InvalidInput: it cannot be read, or has a value without meaning.
    """
    if path is None:
        return Mapped()
    try:
        text = _text_of(path)
        given = strict_json(text, str(path)) if path.suffix == ".json" else tomllib.loads(text)
    except OSError as problem:
        raise InvalidInput(f"cannot read the mapping {path}: {problem.strerror}") from None
    except UnicodeDecodeError:
        raise InvalidInput(f"the mapping {path} is not UTF-8 text") from None
    except tomllib.TOMLDecodeError as problem:
        raise InvalidInput(f"the mapping {path} is not TOML: {problem}") from None
    if not isinstance(given, dict):
        raise InvalidInput(f"the mapping {path} is not a table")
    with naming_lines(path):
        return mapped(given)


@contextmanager
def naming_lines(path: Path | None) -> Iterator[None]:
    """Let a mistake in the mapping name its file and its line.

    Raises:
        InvalidInput: there is one.
    """
    try:
        yield
    except MappingError as problem:
        if path is None:  # then it is about the columns as they are
            raise InvalidInput(problem.reason, hint=problem.hint) from None
        raise _placed(problem, path) from None


def _placed(problem: MappingError, path: Path) -> InvalidInput:
    line = line_of(_text_of(path), problem.path, is_json=path.suffix == ".json")
    *tables, key = problem.path
    placed = InvalidInput(
        f"{path}, line {line}, {place_of(problem.path)}: {problem.reason}",
        hint=problem.hint,
        file=str(path),
        section=".".join(tables),
        key=key,
        line=line,
    )
    placed.code = problem.code
    return placed


def _text_of(path: Path) -> str:
    return path.read_text(encoding="utf-8-sig")
