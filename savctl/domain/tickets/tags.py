"""The tags of a ticket: `metadata.tags`, a list that other programs may write as well."""

from __future__ import annotations

from collections.abc import Collection, Sequence

from savctl.domain.encryption.values import is_encrypted
from savctl.domain.model.metadata import Metadata

_TAGS = "tags"


def tags_of(metadata: Metadata) -> list[object]:
    """Tags as they stand; another program may have written one that is no list."""
    stored = metadata.get(_TAGS)
    if stored is None:
        return []
    return list(stored) if isinstance(stored, list) else [stored]


def tags_after(
    metadata: Metadata, *, add: Sequence[str] = (), remove: Collection[str] = ()
) -> list[object] | None:
    """The tags once some are added and others are removed; None when that changes nothing."""
    before = tags_of(metadata)
    after = [tag for tag in before if tag not in remove]
    after += [tag for tag in dict.fromkeys(add) if tag not in after]
    return after if after != before else None


def retagged(metadata: Metadata, tags: list[object]) -> Metadata:
    """The metadata with these tags; an encrypted value is replaced, an object is moved aside."""
    if is_encrypted(metadata.get(_TAGS)):
        metadata = metadata.without(_TAGS)
    return metadata.with_members(tags=tags)
