"""What earlier runs hid or meant to hide: settled after a kill, shown again when it is named."""

from __future__ import annotations

from collections.abc import Iterable

from savctl.persistence.files import orphan_intents as intents
from savctl.usecases.bucket.hiding import Hiding


def settle(work: Hiding) -> None:
    """Find out what a run that was killed had hidden of what it meant to hide.

    What is still visible stays as it is: this run finds it again, with or without a record.
    """
    for keys in intents.unsettled(work.database):
        gone = [key for key in keys if work.store.find(key) is None]
        if gone:
            work.transact(lambda uow, gone=gone: work.note_hidden(uow, gone))  # type: ignore[misc]


def bring_back(work: Hiding, keys: Iterable[str]) -> int:
    """Show again what a record names by now, and take it off the list; answers how many.

    One of which no version is here stays on the list: this may be the wrong bucket, and in the
    right one it would be hidden for good.
    """
    count = 0
    for key in keys:
        if not work.terms.dry_run:
            work.terms.require_lease()
            if not work.store.unhide(key):
                continue
            work.transact(lambda uow, key=key: intents.withdraw(uow.connection, [key]))  # type: ignore[misc]
        count += 1
    return count
