"""The files of a ticket that came back: shown again, or fetched from the mirror (rules 17.4)."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from savctl.ports import ObjectStore

FetchFile = Callable[[str], bool]


@dataclass(slots=True)
class FilesBack:
    """What became of the files, by their keys; `other` have another size than their record."""

    there: list[str] = field(default_factory=list)
    shown: list[str] = field(default_factory=list)
    fetched: list[str] = field(default_factory=list)
    other: list[str] = field(default_factory=list)
    missing: list[str] = field(default_factory=list)

    @property
    def is_whole(self) -> bool:
        """Whether every file is there as its record has it."""
        return not self.missing and not self.other


def bring_files_back(
    store: ObjectStore,
    sizes: Mapping[str, int],
    *,
    fetch: FetchFile | None = None,
    dry_run: bool = False,
) -> FilesBack:
    """See that the object of each key is visible.

    Args:
        store: the bucket.
        sizes: the keys, each with the bytes that its record names.
        fetch: copies an object back from the mirror; False when that has none.
        dry_run: only look.

    Raises:
        StoreUnavailable: the bucket does not answer; the same again goes on.
    """
    done = FilesBack()
    for key, size in sizes.items():
        found = store.find(key)
        if found is not None:
            (done.there if found.size_bytes == size else done.other).append(key)
            continue
        if dry_run:
            hidden = any(not one.is_marker for one in store.versions(key) if one.key == key)
            (done.shown if hidden else done.missing).append(key)
            continue
        _bring_back(store, key, size, fetch, done)
    return done


def _bring_back(
    store: ObjectStore, key: str, size: int, fetch: FetchFile | None, done: FilesBack
) -> None:
    if store.unhide(key):
        how = done.shown
    elif fetch is not None and fetch(key):
        how = done.fetched
    else:
        done.missing.append(key)
        return
    found = store.find(key)
    is_right = found is not None and found.size_bytes == size
    (how if is_right else done.other).append(key)
