"""Names of files: kept as data, never used as a path."""

from __future__ import annotations

import re
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from savctl.domain.files.file_names import KEY, file_name, object_key, ticket_of
from savctl.domain.files.file_types import FileRefused

SHA = "0123456789abcdef" * 4
NFC = "Facture n°12 \u2013 réclamation été.pdf"
SAFE = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*\.[a-z0-9]+")


@pytest.mark.parametrize(
    ("given_name", "safe"),
    [
        ("photo.JPEG", "photo.jpeg"),
        (NFC, "Facture-n12-reclamation-ete.pdf"),
        (unicodedata.normalize("NFD", NFC), "Facture-n12-reclamation-ete.pdf"),
        ("../../etc/passwd.pdf", "passwd.pdf"),
        ("..\\..\\boot.pdf", "boot.pdf"),
        ("facture.pdf ", "facture.pdf"),
        ("facture.pdf.", "facture.pdf"),
        (".pdf", "file.pdf"),
        ("発票.pdf", "file.pdf"),
        ("con.pdf", "file-con.pdf"),
        ("nul.x.pdf", "file-nul.x.pdf"),
        ("-rf.pdf", "rf.pdf"),
        ("a;b|c`d$(e).pdf", "a-b-c-d-e.pdf"),
    ],
)
def test_the_stored_name_is_plain_and_the_original_is_kept(given_name: str, safe: str) -> None:
    name = file_name(given_name)

    assert (name.safe, name.original) == (safe, given_name)


@pytest.mark.parametrize(
    ("given_name", "check"),
    [
        ("", "name"),
        ("a\x00.pdf", "name"),
        ("a\r\nX-Evil: 1.pdf", "name"),
        ("a\x1b[31m.pdf", "name"),
        ("a\udcff.pdf", "name"),
        ("a\u202efdp.exe", "name"),
        ("a\u2066.pdf", "name"),
        ("a", "extension"),
        ("a.", "extension"),
        ("...", "extension"),
        ("a.pdf/", "extension"),
        ("a.exe", "blocked"),
        ("a.EXE. . ", "blocked"),
        ("a.exe\u00a0", "blocked"),
        ("a.exe.pdf", "double_extension"),
        ("a.EXE     .pdf", "double_extension"),
        (".sh.txt", "double_extension"),
    ],
)
def test_a_name_that_deceives_is_refused(given_name: str, check: str) -> None:
    with pytest.raises(FileRefused) as refusal:
        file_name(given_name)

    assert refusal.value.check == check


def test_a_name_too_long_is_cut_before_its_extension() -> None:
    name = file_name("é" * 252 + ".pdf")

    assert name.original == "é" * 251 + ".pdf"
    assert name.was_cut
    assert not file_name("é" * 251 + ".pdf").was_cut


def test_a_cut_tears_no_character_apart() -> None:
    letter = "e\u0301"
    family = "\U0001f469\u200d\U0001f467"

    assert file_name(letter * 140 + ".pdf").original == letter * 125 + ".pdf"
    assert file_name("x" + family * 90 + ".pdf").original == "x" + family * 83 + ".pdf"


@given(st.text(max_size=300))
def test_any_name_is_refused_or_made_safe(text: str) -> None:
    given_name = f"{text}.pdf"
    try:
        name = file_name(given_name)
    except FileRefused:
        return

    assert SAFE.fullmatch(name.safe)
    assert len(name.safe) <= 110
    assert len(name.original) <= 255
    assert name.original == given_name or name.was_cut
    assert name.original.endswith(".pdf")
    assert file_name(name.safe).safe == name.safe


@given(st.integers(1, 2**63 - 1), st.from_regex(r"[0-9a-f]{64}", fullmatch=True))
def test_a_key_tells_its_ticket_and_fits_its_column(ticket_id: int, sha256: str) -> None:
    key = object_key(ticket_id, sha256, "docx")

    assert ticket_of(key) == ticket_id
    assert KEY.fullmatch(key)
    assert len(key) <= 255
    assert sha256[:32] in key


@pytest.mark.parametrize(
    "key",
    [
        "", "temp/1/a.pdf", f"tickets/0/{SHA[:32]}.pdf", f"tickets/1/{SHA}.pdf",
        f"tickets/1/{SHA[:32].upper()}.pdf", f"/tickets/1/{SHA[:32]}.pdf",
        f"tickets/1/{SHA[:32]}.pdf\n", f"tickets/\u0661/{SHA[:32]}.pdf",
        f"tickets/1/2/{SHA[:32]}.pdf",
    ],
)  # fmt: skip
def test_a_key_of_another_shape_tells_no_ticket(key: str) -> None:
    assert ticket_of(key) is None
