"""How a browser reads stored text: html5ever, the parser in nh3, with nothing forbidden."""

from __future__ import annotations

import re
from html.parser import HTMLParser

import nh3

from savctl.domain.text_safety.html_elements import FOREIGN, HTML
from savctl.html import has_elements

_NAME = re.compile(r"</?([A-Za-z][^\t\n\f\r />]*)")
_BREAKING = {"br", "p", "ul", "ol", "li", "blockquote", "pre"}

Attribute = tuple[str, str, str]  # element, name, value


def elements_and_attributes(page: str) -> tuple[set[str], list[Attribute]]:
    """The elements of HTML and all the attributes that the page has for a browser."""
    attributes: list[Attribute] = []

    def seen(element: str, name: str, value: str) -> str:
        attributes.append((element, name, value))
        return value

    named = {name.lower() for name in _NAME.findall(page)}
    out = nh3.clean(
        page,
        tags=(named | HTML | FOREIGN) - {"script", "style"} | {"script", "style"},
        clean_content_tags=set(),
        attributes={},
        generic_attribute_prefixes={""},
        attribute_filter=seen,
        link_rel=None,
        url_schemes={"javascript", "data", "vbscript", "http", "https", "mailto"},
        strip_comments=False,
    )
    found = {name.lower() for name in _NAME.findall(out)}
    return found & HTML, attributes


class _Lines(HTMLParser):
    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.text = ""

    def handle_starttag(self, tag: str, attrs: object) -> None:
        self.text += "\0" if tag in _BREAKING else ""

    def handle_endtag(self, tag: str) -> None:
        self.text += "\0" if tag in _BREAKING else ""

    def handle_data(self, data: str) -> None:
        self.text += data


def lines_of(stored: str) -> tuple[str, ...]:
    """The visible lines of stored HTML, or of stored text without any."""
    if not has_elements(stored):
        return (" ".join(stored.split()),)
    reader = _Lines()
    reader.feed(stored)
    reader.close()
    found = (" ".join(line.split()) for line in re.split("[\0\n]", reader.text))
    return tuple(line for line in found if line)
