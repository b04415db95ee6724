"""Where the months are kept for other programs: a folder of plain files, or a bucket."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path
from typing import Protocol

from savctl.domain.analytics.months import Month
from savctl.errors import InvalidInput
from savctl.ports import ObjectStore
from savctl.private_files import make_private_folder
from savctl.usecases.analytics.lines import FORMATS
from savctl.usecases.batch.atomic_file import new_file

DEFAULT_PREFIX = "analytics/"
_NAME = re.compile(rf"(\d{{4}}-\d\d)(?:-r([1-9]\d*))?\.({'|'.join(FORMATS)})", re.ASCII)
_TYPES = {"csv": "text/csv", "jsonl": "application/x-ndjson", "json": "application/json"}


class AnalyticsPlace(Protocol):
    """Files by name; each is there whole or not at all."""

    @property
    def name(self) -> str:
        """What people call it."""
        ...

    def close(self) -> None:
        """Give back connections."""

    def names(self) -> Iterator[str]:
        """The files that it holds, in no order."""
        ...

    def read(self, name: str) -> bytes:
        """The content of a file that is there."""
        ...

    def write(self, name: str, content: bytes, *, overwrite: bool = False) -> None:
        """A new file; with `overwrite` in the place of an older one."""


@dataclass(frozen=True, slots=True)
class FolderPlace:
    """Plain files in a folder, which is made on first use."""

    folder: Path

    @property
    def name(self) -> str:
        """Its path."""
        return str(self.folder)

    def close(self) -> None:
        """A folder has none."""

    def names(self) -> Iterator[str]:
        """Its files."""
        if self.folder.is_dir():
            yield from (path.name for path in self.folder.iterdir() if path.is_file())

    def read(self, name: str) -> bytes:
        """The content of a file."""
        return (self.folder / name).read_bytes()

    def write(self, name: str, content: bytes, *, overwrite: bool = False) -> None:
        """A file that only its owner can read.

        Raises:
            InvalidInput: nothing can be written there.
            Unavailable: there is no room for it.
        """
        try:
            make_private_folder(self.folder)
        except OSError as problem:
            message = f"cannot make the folder {self.folder}: {problem.strerror}"
            raise InvalidInput(message, hint="analytics_url names another one.") from problem
        with new_file(self.folder / name, overwrite=overwrite) as file:
            file.stream.write(content)
            file.finish()
            file.publish()


@dataclass(frozen=True, slots=True)
class BucketPlace:
    """Objects below a prefix (ends in `/`)."""

    store: ObjectStore
    prefix: str

    @property
    def name(self) -> str:
        """Bucket and prefix."""
        return f"{self.store.name}/{self.prefix}"

    def close(self) -> None:
        """Those of the store."""
        self.store.close()

    def names(self) -> Iterator[str]:
        """The objects right below the prefix."""
        return (one.key.removeprefix(self.prefix) for one in self.store.listing(self.prefix))

    def read(self, name: str) -> bytes:
        """The newest version of an object."""
        with self.store.read(f"{self.prefix}{name}") as pieces:
            return b"".join(pieces)

    def write(self, name: str, content: bytes, *, overwrite: bool = False) -> None:
        """An object; an older one of this name stays as an older version."""
        self.store.put(
            f"{self.prefix}{name}",
            BytesIO(content),
            size_bytes=len(content),
            content_type=_TYPES[name.rpartition(".")[2]],
        )


def revisions(place: AnalyticsPlace, form: str) -> dict[Month, int]:
    """The months that a place holds in a form, each with its newest revision; 1 is the first."""
    found: dict[Month, int] = {}
    for name in place.names():
        match = _NAME.fullmatch(name)
        if match is None or match[3] != form:
            continue
        try:
            month = Month.read(match[1])
        except InvalidInput:  # another program's file
            continue
        found[month] = max(found.get(month, 0), int(match[2] or 1))
    return found


def file_name(month: Month, revision: int, form: str) -> str:
    """`2025-09.csv`, and `2025-09-r2.csv` for its second revision."""
    return f"{month}.{form}" if revision == 1 else f"{month}-r{revision}.{form}"
