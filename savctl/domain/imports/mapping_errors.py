"""A mistake in a mapping file: what is wrong, and where it stands."""

from __future__ import annotations

from savctl.errors import InvalidInput

Path = tuple[str, ...]  # tables from the outside in, then the key


class MappingError(InvalidInput):
    """A key is unknown, or its value has no meaning; `path` leads to it."""

    code = "mapping"

    def __init__(self, reason: str, path: Path, *, hint: str | None = None) -> None:
        super().__init__(f"mapping: {place_of(path)}: {reason}", hint=hint)
        self.reason = reason
        self.path = path


def place_of(path: Path) -> str:
    """`[fields] subject`; a key outside of all tables stands alone."""
    *tables, key = path
    return f"[{'.'.join(tables)}] {key}" if tables else key
