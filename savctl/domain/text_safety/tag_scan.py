"""What a browser would read as a tag, found at every `<` of a text (HTML standard, 13.2.5)."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import NamedTuple

from savctl.domain.text_safety.html_elements import ATTRIBUTE_PREFIXES, ATTRIBUTES

# No name of an element or an attribute is longer; a text of many unclosed `<` must cost no time
# that grows with its square.
_NAME = re.compile(r"<(/?)([A-Za-z][^\t\n\f\r />]{0,200}+)(?=[\t\n\f\r />]|\Z)")
_LONG_NAME = re.compile(r"</?[A-Za-z]")
_GAP = re.compile(r"[\t\n\f\r /]*+")
_ATTRIBUTE = re.compile(
    r"([^\t\n\f\r />][^\t\n\f\r />=]*+)"
    r"(?:[\t\n\f\r ]*+(=)[\t\n\f\r ]*+"
    r"(\"[^\"]*+\"|'[^']*+'|(?![\"'])[^\t\n\f\r >]*+)?)?"
)
_OF_AN_ADDRESS = frozenset("?&%;")  # `<https://shop.example/track?id=5>`


@dataclass(slots=True)
class TagLike:
    """A `<` with a letter behind it, read as a browser reads it.

    `end` is None when no `>` closes it. `is_live` marks one that could do something in a
    browser whatever its name is: it has an attribute with a value. `is_plausible` marks one
    that looks as HTML is written, and not like `a <b and c> d`.
    """

    start: int
    end: int | None
    name: str
    is_closing: bool
    is_bare: bool = True
    is_live: bool = False
    is_plausible: bool = True


def tags_in(text: str) -> Iterator[TagLike]:
    """Every tag there could be, those in the attributes of others included."""
    attributes = _Attributes(text)
    at = text.find("<")
    while at >= 0:
        tag = _tag_at(text, at, attributes)
        if tag is not None:
            yield tag
        at = text.find("<", at + 1)


def _tag_at(text: str, at: int, attributes: _Attributes) -> TagLike | None:
    match = _NAME.match(text, at)
    if match is None:
        if _LONG_NAME.match(text, at) is None:
            return None
        return TagLike(at, None, "", is_closing=False, is_live=True)
    name = match[2].lower()
    found = attributes.behind(match.end())
    return TagLike(
        at,
        found.end,
        name,
        is_closing=bool(match[1]),
        is_bare=found.is_bare,
        is_live=found.is_live or (found.end is None and found.has_value),
        is_plausible=found.is_bare or found.is_plausible,
    )


class _Found(NamedTuple):
    """What is between a place in a tag and the tag's end."""

    end: int | None
    is_bare: bool = True
    is_live: bool = False
    has_value: bool = False
    is_plausible: bool = False


class _Attributes:
    """Reads attributes; every place in the text is read once, whatever tags share it."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._known: dict[int, _Found] = {}

    def behind(self, place: int) -> _Found:
        """What is from a place inside a tag on."""
        passed: list[tuple[int, _Found]] = []
        while (found := self._known.get(place)) is None:
            here, following = self._one(place)
            passed.append((place, here))
            if following is None:
                found = here
                break
            place = following
        for earlier, here in reversed(passed):
            found = here if found is here else _joined(here, found)
            self._known[earlier] = found
        return found

    def _one(self, place: int) -> tuple[_Found, int | None]:
        """The attribute at a place and where the next one may begin; None at the tag's end."""
        gap = _GAP.match(self._text, place)
        place = gap.end() if gap else place
        if self._text.startswith(">", place):
            return _Found(place + 1), None
        match = _ATTRIBUTE.match(self._text, place)
        if match is None:
            return _Found(None), None
        name, equals, value = match.groups()
        if not equals:
            return _Found(None, is_bare=False), match.end()
        if value is None:  # a quote that is not closed
            return _Found(None, is_bare=False, is_live=True, has_value=True), None
        is_quoted = value[:1] in {'"', "'"}
        is_of_html = is_quoted or _is_of_html(name.lower())
        is_live = is_quoted or _OF_AN_ADDRESS.isdisjoint(name)
        return _Found(None, False, is_live, True, is_of_html), match.end()


def _joined(here: _Found, rest: _Found) -> _Found:
    return _Found(
        rest.end,
        is_bare=here.is_bare and rest.is_bare,
        is_live=here.is_live or rest.is_live,
        has_value=here.has_value or rest.has_value,
        is_plausible=here.is_plausible or rest.is_plausible,
    )


def _is_of_html(name: str) -> bool:
    return name in ATTRIBUTES or name.startswith(ATTRIBUTE_PREFIXES)
