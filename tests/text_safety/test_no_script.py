"""Whatever was typed, a browser that reads the stored text as HTML finds nothing that acts."""

from __future__ import annotations

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from savctl.domain.text_safety.html_elements import ALLOWED
from savctl.html import clean, for_page, has_elements
from savctl.pages._prose import prose
from tests.text_safety.attacks import ATTACKS, PIECES
from tests.text_safety.reading_html import elements_and_attributes

_SAFE_LINKS = ("http:", "https:", "mailto:")
# How a page may show a text: alone, in a block, in a cell, with other texts around it.
_PAGES = ("{}", "<p>{}</p><p>next</p>", "<table><tr><td>{}</td></tr></table>", "{0} {0}\n{0}")


def problems(page: str) -> list[object]:
    """What in this page should not be there."""
    elements, attributes = elements_and_attributes(page)
    found = sorted(elements - ALLOWED - {"table", "tbody", "tr", "td"})
    return [*found, *(one for one in attributes if not _is_harmless(*one))]


def _is_harmless(element: str, name: str, value: str) -> bool:
    if element == "a" and name == "href":
        return value.startswith(_SAFE_LINKS) or ":" not in value.partition("/")[0]
    if element == "a" and name in {"title", "rel"}:
        return True
    is_of_an_address = not {"?", "&", "%", ";"}.isdisjoint(name)
    return value == "" or (is_of_an_address and element not in ALLOWED)


@pytest.mark.parametrize("page", _PAGES)
def test_no_attack_is_left_in_stored_text(page: str) -> None:
    found = {attack: problems(page.format(clean(attack))) for attack in ATTACKS}

    assert {attack: left for attack, left in found.items() if left} == {}


def test_no_attack_is_left_on_a_page_of_savctl() -> None:
    found = {attack: problems(for_page(attack)) for attack in ATTACKS}

    assert {attack: left for attack, left in found.items() if left} == {}
    assert [attack for attack in ATTACKS if "<script" in prose(attack).lower()] == []


@given(st.lists(st.sampled_from(PIECES), max_size=25).map("".join))
@example("<x <b onclick=alert(1)>")
@settings(max_examples=150, deadline=None)
def test_no_text_put_together_at_random_acts(typed: str) -> None:
    stored = clean(typed)

    for page in _PAGES[:3]:
        assert problems(page.format(stored)) == [], stored
    assert clean(stored) == stored or has_elements(stored)


def test_the_reader_of_these_tests_sees_what_acts() -> None:
    assert ("x", "onclick", "1") in problems("<x onclick=1>")
    assert "script" in problems("<script>alert(1)</script>")
    assert ("a", "href", "javascript:x") in problems("<a href=javascript:x>y</a>")
