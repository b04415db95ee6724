"""Text on a page: joiners stay where emoji and letters need them, and hide nothing elsewhere."""

from __future__ import annotations

import pytest

from savctl.pages.values import safe_text

FAMILY = "👩\u200d👩\u200d👧\u200d👦"
PERSIAN = "\u0645\u06cc\u200c\u062e\u0648\u0627\u0647\u0645"


@pytest.mark.parametrize("text", [FAMILY, PERSIAN, f"Où ? {FAMILY} {PERSIAN}", "❤\ufe0f"])
def test_emoji_and_words_stay_whole(text: str) -> None:
    assert safe_text(text) == text


@pytest.mark.parametrize("text", ["a\u200db", "\u200d", "x\u200c", "TKT\u200d-1"])
def test_a_joiner_that_joins_nothing_is_shown(text: str) -> None:
    assert "\\u200" in safe_text(text)


def test_blanks_of_french_text_stay_blanks() -> None:
    assert safe_text("O\u00f9\u00a0est mon colis\u202f?") == "O\u00f9\u00a0est mon colis\u202f?"


def test_what_turns_text_round_is_shown() -> None:
    assert safe_text("\u202eevil<") == "\\u202eevil&lt;"
