"""HTML in message text, made harmless before it is stored (rules 5.2, 11.6, 20.2). Home of nh3."""

from __future__ import annotations

import re
from html import escape, unescape
from typing import Literal

import nh3

from savctl.domain.text_safety.html_elements import ALLOWED
from savctl.domain.text_safety.markup import harmless_text, has_elements, reduced

_TAGS = set(ALLOWED)
# "*": nh3 would let `title` and `lang` through on every element.
_ATTRIBUTES = {"*": set[str](), "a": {"href", "title"}}
_LINK = re.compile(r"(?:https?:|mailto:|[^\\\x00-\x1f:/?#]*(?:[/?#]|$))", re.IGNORECASE)
_SCHEMES = {"http", "https", "mailto"}

__all__ = ["clean", "for_page", "has_elements"]


def clean(text: str) -> str:
    """The text as it may be stored: as typed without HTML elements, else a small allow-list."""
    if "<" not in text:
        return text
    if not has_elements(text):
        return harmless_text(text)
    return _without_references(_allowed(text))


def for_page(text: str) -> str:
    """HTML that another program may have stored, for a page that is read offline.

    Also without links that lead anywhere but to the web: a relative one would open a local file.
    """
    return _allowed(text, url_relative="deny") if has_elements(text) else escape(text)


def _allowed(text: str, *, url_relative: Literal["deny"] | None = None) -> str:
    return nh3.clean(
        reduced(text),
        tags=_TAGS,
        attributes=_ATTRIBUTES,
        attribute_filter=_attribute,
        url_schemes=_SCHEMES,
        url_relative=url_relative,
    )


def _attribute(_: str, name: str, value: str) -> str | None:
    """The value as it may stay; a link whose scheme a lenient reader could take for another goes.

    `javascript\\x00:…` or a control character in a scheme is no scheme to a browser, so nh3 takes
    the link for a relative one.
    """
    return None if name == "href" and not _LINK.match(value) else value


def _without_references(cleaned: str) -> str:
    """Plain text where no element is left, if it is as harmless: `AT&T`, not `AT&amp;T`.

    A text without elements is shown as it is, so its character references would be, too.
    """
    if "<" in cleaned or "&" not in cleaned:
        return cleaned
    plain = unescape(cleaned)
    is_safe = "\0" not in plain and not has_elements(plain) and harmless_text(plain) == plain
    return plain if is_safe else cleaned
