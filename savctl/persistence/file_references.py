"""Who names an object: the one place that decides whether it may be removed (rules 7.2, 7.5)."""

from __future__ import annotations

from collections.abc import Collection

from sqlalchemy import Connection

from savctl.persistence.attachments import Attachments
from savctl.persistence.uploads import Uploads


def named(connection: Connection, keys: Collection[str]) -> dict[str, str]:
    """Which of these keys are named, byte for byte, and by what; the others are free.

    Live and soft-deleted records count, and uploads under way. It looks at every record: ask for
    hundreds of keys at once, and before any lock is taken.
    """
    found = dict.fromkeys(Uploads(connection).under_way(keys), "an upload under way")
    for key, ids in Attachments(connection).naming(keys).items():
        found[key] = f"attachment {ids[0]}"
    return found


def named_anew(
    connection: Connection, ticket_ids: Collection[int], keys: Collection[str]
) -> dict[str, str]:
    """Which keys were named since `named` was asked; the rows of the tickets are locked.

    A key can only be named anew by an upload to the ticket that it was made for, and an upload
    locks that ticket's row before it begins and before it is recorded.
    """
    found = dict.fromkeys(Uploads(connection).under_way(keys), "an upload under way")
    found |= dict.fromkeys(Attachments(connection).naming_of(ticket_ids, keys), "a new record")
    return found
