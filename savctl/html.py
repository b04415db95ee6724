"""HTML in message text, made harmless before it is stored (rules 5.2, 11.6). The home of nh3."""

from __future__ import annotations

import re
from typing import Literal

import nh3

_TAGS = {
    "b",
    "i",
    "em",
    "strong",
    "u",
    "p",
    "br",
    "ul",
    "ol",
    "li",
    "blockquote",
    "code",
    "pre",
    "a",
}
_ATTRIBUTES = {"a": {"href", "title"}}
_SCHEMES = {"http", "https", "mailto"}
# `<https://…>` and `<me@example.org>` are how mail programs write addresses: kept as text.
_AUTOLINK = re.compile(r"<((?:https?://|mailto:)[^\s<>]+|[^\s<>@]+@[^\s<>@]+)>")


def has_elements(text: str) -> bool:
    """Whether the text is HTML rather than words with a `<` in them."""
    return nh3.is_html(text)


def clean(text: str) -> str:
    """The text as it may be stored: as typed without HTML elements, else a small allow-list."""
    return _allowed(text) if has_elements(text) else text


def for_page(text: str) -> str:
    """HTML that another program may have stored, for a page that is read offline.

    Also without links that lead anywhere but to the web: a relative one would open a local file.
    """
    return _allowed(text, url_relative="deny")


def _allowed(text: str, *, url_relative: Literal["deny"] | None = None) -> str:
    kept = _AUTOLINK.sub(r"&lt;\1&gt;", text)
    return nh3.clean(
        kept,
        tags=_TAGS,
        attributes=_ATTRIBUTES,
        url_schemes=_SCHEMES,
        url_relative=url_relative,
    )
