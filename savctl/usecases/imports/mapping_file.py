"""Reading a mapping file: TOML, or JSON of the same shape."""

from __future__ import annotations

import tomllib
from pathlib import Path

from savctl.domain.imports.mapping import Mapped, mapped
from savctl.domain.imports.strict_json import strict_json
from savctl.errors import InvalidInput


def read_mapping(path: Path | None) -> Mapped:
    """The mapping in the file; without a file, the specification's column names hold.

    Raises:
        InvalidInput: it cannot be read, or has a value without meaning.
    """
    if path is None:
        return Mapped()
    try:
        text = path.read_text(encoding="utf-8-sig")
        given = strict_json(text, str(path)) if path.suffix == ".json" else tomllib.loads(text)
    except OSError as problem:
        raise InvalidInput(f"cannot read the mapping {path}: {problem.strerror}") from None
    except UnicodeDecodeError:
        raise InvalidInput(f"the mapping {path} is not UTF-8 text") from None
    except tomllib.TOMLDecodeError as problem:
        raise InvalidInput(f"the mapping {path} is no TOML: {problem}") from None
    if not isinstance(given, dict):
        raise InvalidInput(f"the mapping {path} is no table")
    return mapped(given)
