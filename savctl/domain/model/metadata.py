"""The `metadata` column: a JSON object that savctl shares with other programs (rules 1.3, 1.4).

A `Metadata` is immutable. It keeps the text of every member it did not write itself, so that
another program's keys, number spellings and key order survive a round trip untouched.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import lru_cache
from itertools import count

from savctl.domain.model.history import HistoryEntry, entry_from
from savctl.domain.model.json_text import MEMBER_KEY, decode, encode, member_texts, scan_value

# Of what may be nested this deep the texts are cut out at once: later, with more calls on the
# stack, the decoder might not get to the bottom of it.
_DEEP = 200
_HISTORY = "history"
_ESCAPE = "\\u"
_PLAIN = frozenset({str, int, type(None)})
# PHP stores an empty array as [], Laravel an empty value as null.
_EMPTY_TEXTS = frozenset({"[]", "null"})


def entry_text(entry: HistoryEntry) -> str:
    """The JSON text of an entry: the history and the audit store the same one.

    A batch writes the same few for thousands of tickets. Those with a list or an object are made
    each time, because 1, 1.0 and True are the same key and other texts.
    """
    if type(entry.before) in _PLAIN and type(entry.after) in _PLAIN:
        return _remembered_text(entry)
    return encode(entry.as_json())


@lru_cache(maxsize=256)
def _remembered_text(entry: HistoryEntry) -> str:
    return encode(entry.as_json())


class Metadata(Mapping[str, object]):
    """The members of a ticket's metadata object; reading an unreadable one gives none."""

    __slots__ = (
        *("_appended", "_history", "_is_spelt", "_read", "_stored", "_texts", "_unreadable"),
    )

    def __init__(
        self, raw: dict[str, str] | None, values: dict[str, object] | None, *, stored: str = ""
    ) -> None:
        self._texts = raw
        self._read = values
        self._stored = stored
        self._history: tuple[HistoryEntry, ...] | None = None
        self._appended: tuple[Metadata, int, str] | None = None
        self._is_spelt = False
        self._unreadable = False

    @property
    def _values(self) -> dict[str, object]:
        """The members, decoded when they are first asked for: a plan compares texts alone."""
        if self._read is None:
            try:
                values = decode(self._stored)
            except (ValueError, RecursionError):
                values = None
            self._read = values if isinstance(values, dict) else self._kept()
        return self._read

    @property
    def _raw(self) -> dict[str, str]:
        """Each member's own text, cut out of the stored one only for who writes it again."""
        _ = self._values
        if self._texts is None:
            self._texts = member_texts(self._stored)
        return self._texts

    def _kept(self) -> dict[str, object]:
        """Of a text that is no JSON object the only member: itself."""
        self._texts = {"unreadable": encode(self._stored)}
        self._unreadable = True
        return {"unreadable": self._stored}

    @classmethod
    def read(cls, text: str | None) -> Metadata:
        """The metadata of a stored column; text that is no JSON object is kept as `unreadable`."""
        if text is None:
            return cls({}, {})
        found = cls(None, None, stored=text)
        if text.count("{") + text.count("[") > _DEEP:
            try:
                _ = found._raw
            except (ValueError, RecursionError):
                found._read = found._kept()
        return found

    @classmethod
    def _spelt(
        cls,
        text: str,
        values: dict[str, object],
        appended: tuple[Metadata, int, str] | None = None,
    ) -> Metadata:
        """Metadata that is stored as this text, which holds these members."""
        found = cls(None, values, stored=text)
        found._appended = appended
        found._is_spelt = True
        return found

    @property
    def was_unreadable(self) -> bool:
        """Whether the stored text was no JSON object; callers warn when they write it back."""
        _ = self._values
        return self._unreadable

    @property
    def is_broken(self) -> bool:
        """Whether something is lost to who reads it: PHP's [] and null mean "no metadata"."""
        return self.was_unreadable and self.get("unreadable") not in _EMPTY_TEXTS

    def text(self) -> str | None:
        """The text to store; None when there is nothing."""
        if self._is_spelt:
            return self._stored
        if not self._raw:
            return None
        return "{" + ", ".join(f"{encode(k)}: {v}" for k, v in self._raw.items()) + "}"

    @property
    def stored_text(self) -> str | None:
        """The text that was read; of metadata that was made here, the text to store."""
        return self._stored or self.text()

    def with_members(self, **members: object) -> Metadata:
        """The same metadata with these members set.

        What an object replaces that is none is moved to `unreadable_KEY`, never thrown away.
        """
        if len(members) == 1:
            ((key, value),) = members.items()
            if (replaced := self._with_replaced(key, value, None)) is not None:
                return replaced
        raw, values = dict(self._raw), dict(self._values)
        for key, value in members.items():
            old = values.get(key)
            is_odd = old is not None and old is not False and not isinstance(old, Mapping)
            if is_odd and isinstance(value, Mapping):
                aside = _free_name(raw, key)
                raw[aside], values[aside] = raw[key], old
            raw[key], values[key] = encode(value), value
        return Metadata(raw, values)

    def with_object(self, key: str, value: dict[str, object], *, text: str) -> Metadata:
        """The same as `with_members`, for an object whose JSON text is known."""
        replaced = self._with_replaced(key, value, text)
        return self.with_members(**{key: value}) if replaced is None else replaced

    def _with_replaced(self, key: str, value: object, spelt: str | None) -> Metadata | None:
        """The same with an object in the place of one, where the stored text has the key once.

        The others are not looked at: the history is the longest. `spelt` is its text if known.
        """
        name, stored, values = f'"{key}"', self._stored, self._values
        is_object = isinstance(value, dict) and isinstance(values.get(key), dict)
        if not is_object or self._texts is not None:
            return None
        if stored.count(name) != 1 or _ESCAPE in stored:
            return None
        # that once is its key: what is a key of the object stands in its text
        found = MEMBER_KEY.match(stored, stored.index(name))
        if found is None:
            return None
        _, at = scan_value(stored, found.end())
        made = encode(value) if spelt is None else spelt
        text = f"{stored[: found.end()]}{made}{stored[at:]}"
        return Metadata._spelt(text, {**values, key: value})

    def with_items(self, key: str, name: str, items: Sequence[object]) -> Metadata:
        """The same metadata with items appended to the list `name` of the object `key`.

        What is no object or no list gives way to one, as `with_members` has it.
        """
        kept = self.object_at(key)
        stored = kept.get(name)
        if stored == [] and (filled := self._with_filled(key, name, items)) is not None:
            return filled
        before = stored if isinstance(stored, list) else []
        return self.with_members(**{key: {**kept, name: [*before, *items]}})

    def _with_filled(self, key: str, name: str, items: Sequence[object]) -> Metadata | None:
        """The same where the stored text has the list once, and empty: nothing else is touched."""
        stored, values = self._stored, self._values
        if self._texts is not None or _ESCAPE in stored or stored.count(f'"{name}"') != 1:
            return None
        # in a string the quotes would be escaped: this is the key that the object has
        head, empty, tail = stored.partition(f'"{name}": []')
        if not empty:
            return None
        return Metadata._spelt(
            f'{head}"{name}": {encode(list(items))}{tail}',
            {**values, key: {**self.object_at(key), name: list(items)}},
        )

    def with_text(self, key: str, text: str) -> Metadata:
        """The same metadata with a member of this JSON text; what it replaces is gone."""
        raw, values = dict(self._raw), dict(self._values)
        raw[key], values[key] = text, decode(text)
        return Metadata(raw, values)

    def with_strings(self, strings: Mapping[str, str]) -> Metadata:
        """The same metadata with these members, strings, replaced by others of letters alone.

        Where the old ones stand once in the stored text, all of it but them stays as it is.
        """
        stored, values = self._stored, {**self._values, **strings}
        is_as_stored = self._texts is None and _ESCAPE not in stored
        for key, new in strings.items() if is_as_stored else ():
            before, old, behind = stored.partition(f'"{self._values[key]}"')
            if not old or old in behind:
                is_as_stored = False
                break
            stored = f'{before}"{new}"{behind}'
        if is_as_stored:
            return Metadata._spelt(stored, values)
        raw = {**self._raw, **{key: encode(new) for key, new in strings.items()}}
        return Metadata(raw, values)

    def text_of(self, key: str) -> str:
        """The JSON text of a member, as it was spelt."""
        return self._raw[key]

    def may_hold(self, word: str) -> bool:
        """Whether the word stands anywhere in the stored text: a quick first look."""
        if self._texts is None:
            return word in self._stored
        return any(word in text for text in self._texts.values())

    def occurrences(self, word: str) -> int:
        """How often the word stands in the stored text; what is spelt with escapes is no word."""
        if self._texts is None:
            return self._stored.count(word)
        return sum(text.count(word) for text in self._texts.values())

    @property
    def members(self) -> dict[str, object]:
        """A copy of the members, for who looks at many of them."""
        return dict(self._values)

    @property
    def has_escapes(self) -> bool:
        """Whether characters are spelt by their numbers, so that words are not found as such."""
        return self.may_hold(_ESCAPE)

    def without(self, key: str) -> Metadata:
        """The same metadata without a member."""
        raw = {name: text for name, text in self._raw.items() if name != key}
        return Metadata(raw, {name: v for name, v in self._values.items() if name != key})

    def with_history(self, entries: Iterable[HistoryEntry]) -> Metadata:
        """The same metadata with entries appended to its history.

        A `history` that is no list is moved to `unreadable_history`, never thrown away.
        """
        new = list(entries)
        if not new:
            return self
        added = [entry.as_json() for entry in new]
        texts = ", ".join(map(entry_text, new))
        if (spliced := self._spliced(added, texts)) is not None:
            return spliced
        raw, values = dict(self._raw), dict(self._values)
        old = values.get(_HISTORY, [])
        if not isinstance(old, list):
            aside = _free_name(raw, _HISTORY)
            raw[aside], values[aside] = raw[_HISTORY], old
            raw[_HISTORY], old = "[]", []
        kept = raw.get(_HISTORY, "[]").rstrip()[:-1].rstrip()
        glue = ", " if len(kept) > 1 else ""
        raw[_HISTORY] = f"{kept}{glue}{texts}]"
        values[_HISTORY] = [*old, *added]
        return Metadata(raw, values)

    def _spliced(self, added: list[dict[str, object]], texts: str) -> Metadata | None:
        """The same with entries put in before the end, where the history is what ends the text.

        savctl writes it there, and to cut out the other members would cost more than all else.
        """
        values = self._values
        old = values.get(_HISTORY)
        if self._texts is not None or not isinstance(old, list) or not old:
            return None
        head = self._stored.removesuffix("}").rstrip()
        if next(reversed(values)) != _HISTORY or not head.endswith("]"):
            return None
        kept = head[:-1].rstrip()
        end = f", {texts}]}}"
        appended = self._with_end(len(self._stored) - len(kept), end)
        return Metadata._spelt(kept + end, {**values, _HISTORY: [*old, *added]}, appended)

    def _with_end(self, cut: int, end: str) -> tuple[Metadata, int, str]:
        """What was read, how much of its end is gone by now, and what stands there instead."""
        if self._appended is None:
            return self, cut, end
        read, first_cut, before = self._appended
        return read, first_cut, before[: len(before) - cut] + end

    def appended_to(self, read: Metadata) -> tuple[int, str] | None:
        """How many characters at the end of `read`, as it is stored, became which other ones.

        None when more is different, or nothing is known of it.
        """
        if self._appended is None or self._appended[0] is not read:
            return None
        return self._appended[1:]

    @property
    def history(self) -> tuple[HistoryEntry, ...]:
        """The entries savctl understands, oldest first; foreign shapes are left out."""
        if self._history is None:  # a check asks for it three times
            found = map(entry_from, self.history_items)
            self._history = tuple([entry for entry in found if entry is not None])
        return self._history

    def history_of(self, actions: frozenset[str]) -> list[HistoryEntry]:
        """The entries of some actions: those of all others are not even looked at."""
        return [
            entry
            for item in self.history_items
            if isinstance(item, dict)
            and isinstance(action := item.get("action"), str)
            and action in actions
            and (entry := entry_from(item)) is not None
        ]

    @property
    def history_items(self) -> list[object]:
        """The history as it stands, foreign shapes included."""
        items = self._values.get(_HISTORY)
        return items if isinstance(items, list) else []

    def object_at(self, key: str) -> Mapping[str, object]:
        """The member when it is an object, else an empty one."""
        value = self._values.get(key)
        return value if isinstance(value, dict) else {}

    def __getitem__(self, key: str) -> object:
        return self._values[key]

    def __contains__(self, key: object) -> bool:
        return key in self._values  # that of Mapping raises a KeyError for each one lacking

    def __iter__(self) -> Iterator[str]:
        return iter(self._values)

    def __len__(self) -> int:
        return len(self._values)

    def __eq__(self, other: object) -> bool:
        # as JSON: to Python 1, 1.0 and True are the same
        return isinstance(other, Metadata) and encode(self._values) == encode(other._values)

    def __hash__(self) -> int:
        return hash(encode(self._values))

    def __repr__(self) -> str:
        return f"Metadata({self.text()})"


EMPTY = Metadata({}, {})


def _free_name(raw: Mapping[str, str], key: str) -> str:
    """What a broken member is moved to; one that was moved before is not pushed out."""
    names = (f"unreadable_{key}" + (f"_{n}" if n > 1 else "") for n in count(1))
    return next(name for name in names if name not in raw)
