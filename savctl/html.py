"""HTML in message text, made harmless before it is stored (rules 5.2, 11.6). The home of nh3."""

from __future__ import annotations

import re

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


def clean(text: str) -> str:
    """The text as it may be stored: as typed without HTML elements, else a small allow-list."""
    if not nh3.is_html(text):
        return text
    kept = _AUTOLINK.sub(r"&lt;\1&gt;", text)
    return nh3.clean(kept, tags=_TAGS, attributes=_ATTRIBUTES, url_schemes=_SCHEMES)
