"""Which `<word>` of a text is HTML and which is text, and HTML without what is not allowed.

Rules 5.2, 11.6 and 20.2. This decides what stays; it is not what keeps stored HTML harmless:
whatever comes out of `reduced` still goes through the sanitiser (`savctl.html`).
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from savctl.domain.text_safety.breaks import BreakingText
from savctl.domain.text_safety.html_elements import (
    ALLOWED,
    ALWAYS_HTML,
    CONTENT_DROPPED,
    FOREIGN,
    HTML,
    OFFICE_PREFIXES,
    OFTEN_UNCLOSED,
    VOID,
)
from savctl.domain.text_safety.tag_scan import TagLike, tags_in

_COMMENT = re.compile(r"<!--(?:-?>|.*?--!?>)", re.DOTALL)
_DECLARATION = re.compile(r"<(?:!doctype\b|!\[(?:if|endif)\b|\?xml\b)[^>]*+>", re.IGNORECASE)
_OPENED_COMMENT = "<!--"
_LENIENT = re.compile(r"([a-z0-9]+)[\\=]")


def has_elements(text: str) -> bool:
    """Whether the text is HTML rather than words with a `<` in them."""
    return "<" in text and bool(_elements(list(tags_in(text))))


def harmless_text(text: str) -> str:
    """A text without HTML elements, as typed but for a `<` that could do something in a page.

    That is one with the attributes of a tag behind it (`<Enter onclick=…>`), or with the name of
    an element that is not allowed (`press <Del>`): it is written as `&lt;`, so nothing is lost.
    """
    escaped = [tag.start for tag in tags_in(text) if _could_act(tag)]
    return _with_escaped(text, [*escaped, *_unclosed_comments(text)])


def reduced(text: str) -> str:
    """HTML with the allowed elements only; breaks stay where blocks and cells were dropped.

    Every `<` that belongs to no element is written as `&lt;`.
    """
    elements = {tag.start: tag for tag in _elements(list(tags_in(text)))}
    out = BreakingText()
    place = 0
    while (at := text.find("<", place)) >= 0:
        out.add_text(text[place:at])
        tag = elements.get(at)
        if tag is not None and tag.end is not None:
            out.add_tag(tag.name, text[at : tag.end], is_closing=tag.is_closing)
            place = _content_end(text, tag) if _drops_content(tag) else tag.end
        elif (match := _COMMENT.match(text, at) or _DECLARATION.match(text, at)) is not None:
            place = match.end()
        else:
            out.add_text("&lt;")
            place = at + 1
    out.add_text(text[place:])
    return out.finished()


def _unclosed_comments(text: str) -> Iterator[int]:
    end = max(text.rfind("-->") - 2, text.rfind("--!>") - 4)
    at = text.rfind(_OPENED_COMMENT)
    while at >= 0 and at > end:  # those before a closed one are closed by the same end
        yield at
        at = text.rfind(_OPENED_COMMENT, 0, at)


def _elements(tags: Iterable[TagLike]) -> list[TagLike]:
    """The tags that are HTML; an element is lower case here, whatever was typed."""
    closed = [tag for tag in tags if tag.end is not None]
    paired = _paired(closed)
    found = [tag for tag in closed if tag.name in HTML and _is_element(tag, paired)]
    if not found:
        return []
    names = {tag.name for tag in found}
    more = FOREIGN if names & {"svg", "math"} else frozenset()
    return [tag for tag in closed if _counts_among_html(tag, paired, more)]


def _counts_among_html(tag: TagLike, paired: set[str], more: frozenset[str]) -> bool:
    """Whether a tag is HTML where there is other HTML."""
    if tag.name in ALLOWED:
        return tag.is_closing or tag.is_plausible
    if tag.name in HTML:
        return tag.name in ALWAYS_HTML | OFTEN_UNCLOSED or _is_element(tag, paired)
    return tag.name in more or tag.name.startswith(OFFICE_PREFIXES)


def _is_element(tag: TagLike, paired: set[str]) -> bool:
    """Whether a tag with the name of an element is one; a bare word that nothing closes is not.

    `Use the <style> tag` is one of those, too: as an element it would take the rest with it.
    """
    if tag.name in ALWAYS_HTML and not (tag.is_bare and tag.name in CONTENT_DROPPED):
        return True
    if not tag.is_closing and not tag.is_plausible:
        return False
    return tag.name in paired or not tag.is_bare


def _paired(tags: Iterable[TagLike]) -> set[str]:
    opened = {tag.name for tag in tags if not tag.is_closing and tag.is_plausible}
    closing = {tag.name for tag in tags if tag.is_closing}
    return (opened & closing) - VOID


def _could_act(tag: TagLike) -> bool:
    if tag.is_live or (tag.name in HTML and tag.name not in ALLOWED):
        return True
    # `<script\\x20type="text/javascript">`: no element to a browser, one to a lenient reader
    match = _LENIENT.match(tag.name)
    return match is not None and match[1] in HTML - ALLOWED


def _drops_content(tag: TagLike) -> bool:
    return tag.name in CONTENT_DROPPED and not tag.is_closing


def _content_end(text: str, tag: TagLike) -> int:
    """Where the end tag of a script or a style begins; without one, all the rest is content."""
    match = re.compile(rf"</{tag.name}(?=[\t\n\f\r />])", re.IGNORECASE).search(text, tag.end or 0)
    return match.start() if match else len(text)


def _with_escaped(text: str, places: Iterable[int]) -> str:
    parts: list[str] = []
    done = 0
    for place in sorted(set(places)):
        parts += (text[done:place], "&lt;")
        done = place + 1
    return "".join((*parts, text[done:]))
