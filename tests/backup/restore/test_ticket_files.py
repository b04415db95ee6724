"""The files of a ticket that came back (rules 17.4)."""

from __future__ import annotations

import io

from savctl.ports import ObjectStore
from savctl.usecases.backup.ticket_files import bring_files_back

KEYS = {f"tickets/1/{name}.txt": 3 for name in ("there", "hidden", "mirrored", "lost")}
THERE, HIDDEN, MIRRORED, LOST = KEYS


def _put(store: ObjectStore, key: str, content: bytes = b"abc") -> None:
    store.put(key, io.BytesIO(content), size_bytes=len(content), content_type="text/plain")


def test_hidden_files_are_shown_and_missing_ones_fetched_from_the_mirror(
    store: ObjectStore,
) -> None:
    _put(store, THERE)
    _put(store, HIDDEN)
    store.hide([HIDDEN])

    def fetch(key: str) -> bool:
        if key == MIRRORED:
            _put(store, key)
        return key == MIRRORED

    planned = bring_files_back(store, KEYS, fetch=fetch, dry_run=True)
    assert store.find(HIDDEN) is None
    assert (planned.shown, planned.missing) == ([HIDDEN], [MIRRORED, LOST])

    done = bring_files_back(store, KEYS, fetch=fetch)

    assert (done.there, done.shown, done.fetched) == ([THERE], [HIDDEN], [MIRRORED])
    assert (done.missing, done.is_whole) == ([LOST], False)
    assert store.find(HIDDEN) is not None


def test_a_file_of_another_size_is_named(store: ObjectStore) -> None:
    _put(store, THERE, b"four")

    done = bring_files_back(store, {THERE: 3})

    assert (done.other, done.is_whole) == ([THERE], False)
