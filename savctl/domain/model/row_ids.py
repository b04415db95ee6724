"""Ids of rows as other programs' JSON names them."""

from __future__ import annotations

from savctl.domain.text import MAX_ID


def row_id(stored: object) -> int | None:
    """The id of a ticket, a message or a file; None for what can be none.

    `true` is no id, whatever Python takes it for, and one that no database can be asked for
    would end the question about all the others.
    """
    if not isinstance(stored, int) or isinstance(stored, bool):
        return None
    return stored if 1 <= stored <= MAX_ID else None


def row_ids(stored: object) -> frozenset[int]:
    """The ids in a list; nothing for what is no list."""
    items = stored if isinstance(stored, list) else []
    return frozenset(found for item in items if (found := row_id(item)) is not None)
