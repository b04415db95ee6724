"""The one codec of `metadata`: it encrypts what is written, decrypts what is shown (rules 13).

In between, a ticket carries the stored text. So a change of something else keeps an encrypted
value as it is, readable or not, and audit, events and archive hold no plain value.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from savctl.domain.encryption.keys import KeyRing, KeysUnusable
from savctl.domain.encryption.opened import ClosedValue, Opened
from savctl.domain.encryption.places import (
    DEFAULT_PATHS,
    Place,
    encrypted_places,
    encrypted_within,
    path_of,
    plain_places,
    value_at,
    with_strings,
    with_texts,
)
from savctl.domain.encryption.values import (
    ValueUnreadable,
    decrypt,
    digest,
    encrypt,
    encrypt_anew,
    prefix_of,
)
from savctl.domain.model.json_text import encode
from savctl.domain.model.metadata import Metadata

Keys = Callable[[], KeyRing]


class MetadataCodec:
    """What encrypts and decrypts the values at `paths`; without `keys` nothing is encrypted."""

    def __init__(self, paths: Sequence[str] = DEFAULT_PATHS, keys: Keys | None = None) -> None:
        self.paths = tuple(paths)
        self._keys = keys

    @property
    def is_configured(self) -> bool:
        """Whether there are keys, or should be."""
        return self._keys is not None

    def keys(self) -> KeyRing:
        """The keys.

        Raises:
            KeysUnusable: there are none, or they cannot be read.
        """
        if self._keys is None:
            raise KeysUnusable(
                "no keys are configured",
                hint="Set SAVCTL_KEYS_FILE, then run 'savctl keys generate --kid NAME'.",
            )
        return self._keys()

    def encrypted(
        self, ticket_id: int, metadata: Metadata, *, before: Metadata | None = None
    ) -> Metadata:
        """The metadata as it is stored: every plain value of the paths encrypted.

        Raises:
            KeysUnusable: a value that `before` does not have needs a key, and there is none.
        """
        places = self._plain(metadata)
        if not places:
            return metadata
        try:
            keys = self.keys()
        except KeysUnusable:
            if before is not None and all(_is_same(metadata, before, each) for each in places):
                return metadata
            raise
        return _with_encrypted(metadata, places, keys, ticket_id)

    def without_plain(self, metadata: Metadata) -> Metadata:
        """The metadata without the values to be encrypted, for a row that has no id yet."""
        for name in {str(place[0]) for place in self._plain(metadata)}:
            metadata = metadata.without(name)
        return metadata

    def decrypted(self, ticket_id: int, metadata: Metadata) -> Opened:
        """The metadata as it is shown; what does not open is named in its place."""
        found = encrypted_places(metadata)
        if not found:
            return Opened(metadata)
        keys = self._keys_or_none()
        texts: dict[Place, str] = {}
        unreadable: list[ClosedValue] = []
        for place, value in found:
            try:
                texts[place] = _text(value, keys, ticket_id, place)
            except ValueUnreadable as problem:
                texts[place] = encode(problem.shown)
                unreadable.append(_unreadable(place, problem))
        return Opened(with_texts(metadata, texts), tuple(unreadable))

    def rotated(self, ticket_id: int, metadata: Metadata, *, keys: KeyRing) -> Opened:
        """The metadata with every value that opens encrypted with the current key.

        It is the same object when nothing is to be done.
        """
        values: dict[Place, str] = {}
        unreadable: list[ClosedValue] = []
        current = prefix_of(keys.current)
        for place, value in encrypted_places(metadata):
            try:
                anew = encrypt_anew(value, keys, ticket_id, path_of(place))
            except ValueUnreadable as problem:
                unreadable.append(_unreadable(place, problem))
                continue
            if not value.startswith(current):
                values[place] = anew
        changed = with_strings(metadata, values) if values else metadata
        plain = self._plain(changed)
        if plain:
            changed = _with_encrypted(changed, plain, keys, ticket_id)
        return Opened(changed, tuple(unreadable))

    def opens(self, ticket_id: int, path: str, value: str) -> bool:
        """Whether an encrypted value belongs in this place."""
        try:
            decrypt(value, self._keys_or_none(), ticket_id=ticket_id, path=path)
        except ValueUnreadable:
            return False
        return True

    def with_digests(self, values: Mapping[str, object]) -> Mapping[str, object]:
        """The values with keyed digests in place of those to be encrypted, to compare requests.

        They are made with the first key: a new one does not change them.

        Raises:
            KeysUnusable: a digest is needed, and there are no keys.
        """
        places = plain_places(values, self.paths) if self.is_configured else []
        if not places:
            return values
        keys = self.keys()
        key = next(iter(keys.keys.values()))
        texts = {
            place: encode(digest(encode(value_at(values, place)), key, path=path_of(place)))
            for place in places
        }
        return dict(with_texts(Metadata.read(encode(dict(values))), texts))

    def count_plain(self, metadata: Metadata) -> int:
        """How many values of the paths are not encrypted yet."""
        return len(plain_places(metadata, self.paths))

    def _plain(self, metadata: Metadata) -> list[Place]:
        return plain_places(metadata, self.paths) if self._keys is not None else []

    def _keys_or_none(self) -> KeyRing | None:
        try:
            return self.keys()
        except KeysUnusable:
            return None


def _unreadable(place: Place, problem: ValueUnreadable) -> ClosedValue:
    return ClosedValue(path_of(place), problem.why, problem.kid is not None)


def _text(value: str, keys: KeyRing | None, ticket_id: int, place: Place) -> str:
    return decrypt(value, keys, ticket_id=ticket_id, path=path_of(place))


def _is_same(metadata: Metadata, before: Metadata, place: Place) -> bool:
    return encode(value_at(metadata, place)) == encode(value_at(before, place))


def _with_encrypted(
    metadata: Metadata, places: Sequence[Place], keys: KeyRing, ticket_id: int
) -> Metadata:
    """The metadata with these plain values encrypted.

    A value that holds encrypted ones, of a time when a deeper path was configured, is encrypted
    as a whole when all of them open; else it stays as it is.
    """
    texts: dict[Place, str] = {}
    for place in places:
        within = {
            (*place, *inner): value for inner, value in encrypted_within(value_at(metadata, place))
        }
        try:
            opened = {inner: _text(v, keys, ticket_id, inner) for inner, v in within.items()}
        except ValueUnreadable:
            continue
        whole = with_texts(metadata, opened) if opened else metadata
        text = whole.text_of(str(place[0])) if len(place) == 1 else encode(value_at(whole, place))
        texts[place] = encode(encrypt(text, keys, ticket_id=ticket_id, path=path_of(place)))
    return with_texts(metadata, texts) if texts else metadata
