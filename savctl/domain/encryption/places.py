"""Where in `metadata` values are encrypted, and where they are to be (rules 13.1, 13.4).

A dotted path means nested members first, and a flat member of that spelling as well; of places
within each other the outer one.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from copy import deepcopy
from functools import lru_cache
from typing import Any

from savctl.domain.encryption.values import PREFIX, is_encrypted, is_foreign
from savctl.domain.model.json_text import encode
from savctl.domain.model.metadata import Metadata

Place = tuple[str | int, ...]

DEFAULT_PATHS = ("contact", "phone", "email", "address", "iban", "customer", "payment")
# The history holds reasons: words, whatever they begin with.
_NEVER = frozenset({"history", "imported_history"})


def path_of(place: Place) -> str:
    """The path of a place, as the associated data names it."""
    return ".".join(map(str, place)) if len(place) > 1 else str(place[0])


def value_at(values: Mapping[str, object], place: Place) -> Any:
    """The value at a place; None where there is none."""
    found: Any = values
    for step in place:
        is_index = isinstance(found, list) and isinstance(step, int) and step < len(found)
        if not is_index and not (isinstance(found, Mapping) and step in found):
            return None
        found = found[step]
    return found


def sensitive_places(values: Mapping[str, object], paths: Sequence[str]) -> list[Place]:
    """Where the values of these paths are; null is no value."""
    return [place for place, _ in _sensitive(values, paths)]


def plain_places(values: Mapping[str, object], paths: Sequence[str]) -> list[Place]:
    """Those of the sensitive places whose value nobody has encrypted."""
    return [
        place
        for place, value in _sensitive(values, paths)
        if not is_encrypted(value) and not is_foreign(value)
    ]


def _sensitive(values: Mapping[str, object], paths: Sequence[str]) -> list[tuple[Place, object]]:
    members = values.members if isinstance(values, Metadata) else values
    found: list[tuple[Place, object]] = []
    for place in _candidates(tuple(paths)):
        if len(place) == 1:
            value = members.get(place[0])  # type: ignore[arg-type]
        elif any(place[: len(outer)] == outer for outer, _ in found):
            continue
        else:
            value = value_at(members, place)
        if value is not None:
            found.append((place, value))
    return found


@lru_cache(maxsize=16)
def _candidates(paths: tuple[str, ...]) -> tuple[Place, ...]:
    """The places that these paths may mean, the outer ones first."""
    by_depth = sorted(paths, key=lambda each: each.count("."))
    places: list[Place] = []
    for path in by_depth:
        places += (tuple(path.split(".")), (path,))
    return tuple(dict.fromkeys(places))


def encrypted_places(metadata: Metadata) -> list[tuple[Place, str]]:
    """Every value with our prefix, wherever it was pasted to."""
    left, has_escapes = metadata.occurrences(PREFIX), metadata.has_escapes
    if not left and not has_escapes:
        return []
    found: list[tuple[Place, str]] = []
    deeper: dict[str, object] = {}
    for name, value in metadata.members.items():
        if not isinstance(value, str):
            deeper[name] = value
        elif value.startswith(PREFIX) and name not in _NEVER:
            found.append(((name,), value))
    if left > len(found) or has_escapes:
        others = {name: value for name, value in deeper.items() if name not in _NEVER}
        found += encrypted_within(others)
    return found


def encrypted_within(value: object) -> Iterator[tuple[Place, str]]:
    """The same of a single value, each place as seen from it."""
    waiting: list[tuple[Place, object]] = [((), value)]
    while waiting:
        place, found = waiting.pop()
        if isinstance(found, Mapping):
            waiting += [((*place, str(name)), each) for name, each in found.items()]
        elif isinstance(found, list):
            waiting += [((*place, at), each) for at, each in enumerate(found)]
        elif isinstance(found, str) and is_encrypted(found):
            yield place, found


def with_strings(metadata: Metadata, values: Mapping[Place, str]) -> Metadata:
    """The metadata with encrypted values replaced by others, in most tickets without a member
    being spelt anew."""
    if all(len(place) == 1 for place in values):
        return metadata.with_strings({str(place[0]): value for place, value in values.items()})
    return with_texts(metadata, {place: encode(value) for place, value in values.items()})


def with_texts(metadata: Metadata, texts: Mapping[Place, str]) -> Metadata:
    """The metadata with the JSON texts of some values replaced; other members stay as spelt."""
    import json

    nested: dict[str, Any] = {}
    for place, text in texts.items():
        name = str(place[0])
        if len(place) == 1:
            metadata = metadata.with_text(name, text)
            continue
        if name not in nested:
            nested[name] = deepcopy(metadata[name])
        value_at({name: nested[name]}, place[:-1])[place[-1]] = json.loads(text)
    for name, value in nested.items():
        metadata = metadata.with_text(name, encode(value))
    return metadata
