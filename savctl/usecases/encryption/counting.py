"""`keys status`: how many values use each key, and what is not encrypted (rules 13.5)."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field

from savctl.domain.encryption.codec import MetadataCodec
from savctl.domain.encryption.keys import KeysUnusable
from savctl.domain.encryption.places import encrypted_places, sensitive_places, value_at
from savctl.domain.encryption.values import is_foreign, key_of
from savctl.persistence.archive import bundles
from savctl.persistence.archive.bundles import IN_FORCE
from savctl.persistence.engine import Database
from savctl.persistence.tickets.metadata_pages import StoredMetadata, metadata_of_all
from savctl.usecases.archive.cold_storage import ColdStorage

_USES = re.compile(rb"savctl:enc:1:([A-Za-z0-9._-]{1,64}):")
_PAGE = 100


@dataclass(slots=True)
class KeyCounts:
    """What was counted, by name of the key; `bundles` are objects of the archive that use it."""

    values: Counter[str] = field(default_factory=Counter)
    bundles: Counter[str] = field(default_factory=Counter)
    plain: int = 0
    unreadable: int = 0
    foreign: int = 0

    @property
    def used(self) -> list[str]:
        """The keys that something still uses, by name."""
        return sorted({*self.values, *self.bundles})

    def as_json(self, codec: MetadataCodec) -> dict[str, object]:
        """The answer, the keys first."""
        return {
            "keys": self.keys_as_json(codec),
            "plain": self.plain,
            "unreadable": self.unreadable,
            "foreign": self.foreign,
        }

    def keys_as_json(self, codec: MetadataCodec) -> list[dict[str, object]]:
        """The keys there are in their order, then absent ones that are used."""
        try:
            keys = codec.keys()
            there, current = list(keys.keys), keys.current
        except KeysUnusable:
            there, current = [], ""
        names = [*there, *(kid for kid in self.used if kid not in there)]
        return [
            {
                "kid": kid,
                "current": kid == current,
                "values": self.values[kid],
                "bundles": self.bundles[kid],
            }
            for kid in names
        ]


def count_keys(database: Database, cold: ColdStorage) -> KeyCounts:
    """Count all tickets, then read every bundle of the archive.

    Raises:
        Damaged: a bundle does not hold what was written.
        StoreGone: the object store does not answer.
    """
    counts = count_values(metadata_of_all(database), database.codec)
    after_id = 0
    while True:
        with database.reading() as connection:
            page = bundles.page(connection, after_id=after_id, limit=_PAGE)
        if not page:
            return counts
        for bundle in page:
            if bundle.state in IN_FORCE:
                counts.bundles.update(_keys_in(cold.lines(bundle.key, raw_bytes=bundle.raw_bytes)))
        after_id = page[-1].id


def count_values(found: Iterable[StoredMetadata], codec: MetadataCodec) -> KeyCounts:
    """Count the values of these tickets; one that lacks its key counts for it as well."""
    counts = KeyCounts()
    for row in found:
        counts.plain += codec.count_plain(row.metadata)
        places = sensitive_places(row.metadata, codec.paths)
        counts.foreign += sum(is_foreign(value_at(row.metadata, place)) for place in places)
        _count_encrypted(row, codec, counts)
    return counts


def _count_encrypted(row: StoredMetadata, codec: MetadataCodec, counts: KeyCounts) -> None:
    values = list(encrypted_places(row.metadata))
    if not values:
        return
    closed = {one.path: one for one in codec.decrypted(row.id, row.metadata).unreadable}
    for place, value in values:
        kid = key_of(value)
        problem = closed.get(".".join(map(str, place)))
        counts.unreadable += problem is not None
        if kid is not None and (problem is None or problem.is_key_missing):
            counts.values[kid] += 1


def _keys_in(lines: Iterable[bytes]) -> set[str]:
    return {found.decode() for line in lines for found in _USES.findall(line)}
