"""Whatever savctl writes outside the database is classified: object prefixes and files."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from functools import cache
from pathlib import Path

import pytest

from savctl.domain.privacy.inventory import INVENTORY

SOURCE = Path(__file__).resolve().parents[2] / "savctl"
PLACES = {entry.place for entry in INVENTORY}
EXPORT = "export: files of savctl export and gdpr export"
ASKED = "export: other files that a command was asked for"
SPOOL = "spool: temporary files of a running command"
NOBODY = "no person is in it"

# By the folder in bucket, mirror or place of backups.
FOLDERS = {
    "tickets/": "bucket: tickets/",
    "temp/": "bucket: temp/",
    "archive/": "archive: bundles",
    "objects/": "mirror: objects/",
    "index/": "mirror: index/",
    "binlogs/": "backup: binary logs",
    "analytics/": NOBODY,
    "drills/": NOBODY,
}
# By module, or folder of modules, below savctl/.
WRITERS = {
    "adapters/backups/": "backup: dumps",
    "adapters/binary_logs/": SPOOL,
    "adapters/directory/": "bucket: tickets/",
    "adapters/dump_client/": SPOOL,
    "adapters/keys.py": NOBODY,
    "adapters/tokens/kept_keys.py": NOBODY,
    "cli/export/analytics.py": NOBODY,
    "cli/framework/": ASKED,
    "cli/gdpr/erase.py": NOBODY,
    "cli/job/item_lines.py": ASKED,
    "cli/metrics.py": NOBODY,
    "demo/": NOBODY,
    "private_files.py": SPOOL,
    "usecases/analytics/": NOBODY,
    "usecases/archive/": SPOOL,
    "usecases/backup/": SPOOL,
    "usecases/batch/": EXPORT,
    "usecases/bulk/": ASKED,
    "usecases/files/": SPOOL,
    "usecases/imports/": ASKED,
    "usecases/mirror/": SPOOL,
    "usecases/privacy/": EXPORT,
    "usecases/replay/": SPOOL,
}
_FOLDER = re.compile(r'^[A-Z_]+(?:: str)? = "([a-z]+/)"', re.MULTILINE)
_WRITES = re.compile(
    r"\btempfile\b|\bnew_file\(|\.write_(?:text|bytes)\(|\bO_CREAT\b|open\([^)]*\"[wxa]b?\""
)


def folders_in(modules: Iterable[tuple[str, str]]) -> Iterator[str]:
    """Names in modules whose text ends in `/`: what keys and names begin with."""
    for _, text in modules:
        yield from _FOLDER.findall(text)


def unknown_folders(modules: Iterable[tuple[str, str]]) -> list[str]:
    return sorted(set(folders_in(modules)) - FOLDERS.keys())


def unknown_writers(modules: Iterable[tuple[str, str]]) -> list[str]:
    known = tuple(WRITERS)
    return [name for name, text in modules if _WRITES.search(text) and not name.startswith(known)]


@cache
def source() -> list[tuple[str, str]]:
    files = sorted(SOURCE.rglob("*.py"))
    return [(file.relative_to(SOURCE).as_posix(), file.read_text("utf-8")) for file in files]


def test_every_folder_of_objects_is_classified() -> None:
    assert unknown_folders(source()) == [], "classify it in savctl/domain/privacy/inventory"


def test_every_module_that_writes_files_is_classified() -> None:
    assert unknown_writers(source()) == [], "classify it in savctl/domain/privacy/inventory"


@pytest.mark.parametrize("known", [FOLDERS, WRITERS])
def test_what_is_named_here_is_there(known: Mapping[str, str]) -> None:
    assert set(known.values()) - {NOBODY} <= PLACES
    modules = source()
    found = set(folders_in(modules))
    for name in known:
        assert name in found or any(module.startswith(name) for module, _ in modules), name


def test_what_was_forgotten_would_be_found() -> None:
    forgotten = [
        ("usecases/faces/store.py", 'FACES = "faces/"\n'),
        ("usecases/faces/notes.py", 'Path("notes").write_text("Ada")\n'),
    ]

    assert unknown_folders(forgotten) == ["faces/"]
    assert unknown_writers(forgotten) == ["usecases/faces/notes.py"]
