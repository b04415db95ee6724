"""What text fits a column: kept whole or refused, never cut (rules 11.6)."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from savctl.domain import text
from savctl.errors import InvalidInput

BOTH = pytest.mark.parametrize("check", [text.line, text.body], ids=["line", "body"])


@BOTH
def test_nothing_is_refused_and_the_field_is_named(check: Callable[[str, str], str]) -> None:
    with pytest.raises(InvalidInput, match="subject is empty"):
        check("subject", "")


@BOTH
def test_a_nul_is_refused(check: Callable[[str, str], str]) -> None:
    with pytest.raises(InvalidInput, match="subject contains a NUL character"):
        check("subject", "a\0b")


@BOTH
@pytest.mark.parametrize("broken", ["a\ud800", "\udcff", "ok \udfff ok"])
def test_half_a_character_is_refused(check: Callable[[str, str], str], broken: str) -> None:
    with pytest.raises(InvalidInput, match="subject is not valid UTF-8"):
        check("subject", broken)


@pytest.mark.parametrize("character", ["a", "é", "中", "👩"])
def test_a_line_holds_255_characters_whatever_their_bytes(character: str) -> None:
    assert text.line("subject", character * 255) == character * 255
    with pytest.raises(InvalidInput, match="subject has 256 characters; at most 255 fit"):
        text.line("subject", character * 256)


@pytest.mark.parametrize(("character", "fits"), [("a", 65_535), ("é", 32_767), ("👩", 16_383)])
def test_a_body_holds_65535_bytes(character: str, fits: int) -> None:
    assert text.body("message", character * fits) == character * fits
    with pytest.raises(InvalidInput, match=r"message has \d+ bytes of UTF-8; at most 65535 fit"):
        text.body("message", character * (fits + 1))


@pytest.mark.parametrize("given", [None, ""])
def test_no_reason_is_no_reason(given: str | None) -> None:
    assert text.reason(given) is None


def test_a_reason_holds_1000_characters() -> None:
    assert text.reason("é" * 1_000) == "é" * 1_000
    with pytest.raises(InvalidInput, match="reason has 1001 characters"):
        text.reason("é" * 1_001)


@pytest.mark.parametrize("broken", ["a\0b", "a\ud800"])
def test_a_reason_is_storable_text(broken: str) -> None:
    with pytest.raises(InvalidInput, match="reason"):
        text.reason(broken)


@pytest.mark.parametrize("number", [1, 2**64 - 1])
def test_an_id_is_from_one_to_what_every_database_holds(number: int) -> None:
    assert text.identifier("user", number) == number


@pytest.mark.parametrize("number", [0, -1, 2**64])
def test_other_numbers_are_no_ids(number: int) -> None:
    with pytest.raises(InvalidInput, match="user must be a whole number from 1"):
        text.identifier("user", number)


@pytest.mark.parametrize("kept", [" ", "\n", "\t=1+1", "\x1b[31m", "\u202eabc", "a\r\nb", "💥"])
def test_what_can_be_stored_is_kept_as_it_was_typed(kept: str) -> None:
    assert text.line("subject", kept) == kept
    assert text.body("message", kept) == kept
