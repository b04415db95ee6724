"""Where anything of the person may be found: every row, byte, version, bundle."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path

from tests.erasure.everything import Everything
from tests.given import snapshot


def leftovers(e: Everything) -> dict[str, list[str]]:
    """The marks that are found anywhere, each with the places."""
    found: dict[str, list[str]] = {}
    for place, content in _all_bytes(e):
        for mark in e.marks:
            if mark.encode() in content:
                found.setdefault(mark, []).append(place)
    return found


def _all_bytes(e: Everything) -> Iterator[tuple[str, bytes]]:
    for table, found in snapshot(e.database).items():
        yield table, repr(found).encode()
    if e.database.is_sqlite:
        # to close a file gives up the locks of every connection to it in this process: then
        # another one takes its log away under them, and the database is spoiled
        e.database.engine.dispose()
        name = str(e.database.url.database)
        yield from _raw(Path(name + suffix) for suffix in ("", "-wal", "-journal"))
    for version in e.store.versions(""):
        if not version.is_marker and not version.key.endswith(".zst"):
            with e.store.read(version.key, version.version_id) as pieces:
                yield f"{version.key} {version.version_id}", b"".join(pieces)
    for bundle in e.cold.objects():
        yield bundle.key, b"\n".join(e.cold.lines(bundle.key))
    folder = getattr(e.store, "folder", None)
    if folder is not None:
        e.store.close()  # its index, for the same reason
        yield from _raw(sorted(folder.rglob("*")))


def _raw(paths: Iterable[Path]) -> Iterator[tuple[str, bytes]]:
    yield from ((str(path), path.read_bytes()) for path in paths if path.is_file())


def keys_of_own(e: Everything) -> list[str]:
    """Every key of the person's that has a version or a marker left."""
    own = {f"tickets/{i}/" for i in e.own.values()} | {f"temp/session-{e.own['live']}/"}
    found = {version.key for version in e.store.versions("")}
    return sorted(key for key in found if any(key.startswith(prefix) for prefix in own))
