"""Where in `metadata` values are encrypted, and where they are to be (rules 13.1, 13.4).

A dotted path means nested members first, and a flat member of that spelling as well; of places
within each other the outer one.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from copy import deepcopy
from typing import Any

from savctl.domain.encryption.values import PREFIX, is_encrypted, is_foreign
from savctl.domain.model.metadata import Metadata, encode

Place = tuple[str | int, ...]

DEFAULT_PATHS = ("contact", "phone", "email", "address", "iban", "customer", "payment")
# The history holds reasons: words, whatever they begin with.
_NEVER = frozenset({"history", "imported_history"})


def path_of(place: Place) -> str:
    """The path of a place, as the associated data names it."""
    return ".".join(map(str, place))


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
    found: list[Place] = []
    for path in sorted(paths, key=lambda each: each.count(".")):
        for place in dict.fromkeys((tuple(path.split(".")), (path,))):
            is_inside = any(place[: len(outer)] == outer for outer in found)
            if not is_inside and value_at(values, place) is not None:
                found.append(place)
    return found


def plain_places(values: Mapping[str, object], paths: Sequence[str]) -> list[Place]:
    """Those of the sensitive places whose value nobody has encrypted."""
    return [
        place
        for place in sensitive_places(values, paths)
        if not is_encrypted(value := value_at(values, place)) and not is_foreign(value)
    ]


def encrypted_places(metadata: Metadata) -> Iterator[tuple[Place, str]]:
    """Every value with our prefix, wherever it was pasted to."""
    if metadata.may_hold(PREFIX):
        members = ((name, value) for name, value in metadata.items() if name not in _NEVER)
        yield from encrypted_within(dict(members))


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
