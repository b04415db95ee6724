"""The recorded upload cases beside the project, each answered as expected."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from savctl.domain.files.attachments import examine
from savctl.domain.files.file_types import FileRefused

PROJECT = Path(__file__).resolve().parents[2]
DATA = PROJECT.parent / "shared" / "data" / "attachments"
PAGE = PROJECT / "docs" / "attachments.md"
ALLOW = {"allow", "allow_restricted"}

# Cases that could be decided either way; docs/attachments.md gives the reasons.
DECIDED = {
    4: "extension",  # no extension
    8: None,  # a picture that is a header only
    13: "double_extension",
    17: None,  # a blank behind the extension
    18: None,  # a dot behind the extension
    19: None,  # 256 characters: cut
    22: "name",  # CR LF
    23: None,  # only an extension
    30: "content",  # a docx as .zip
    41: None,  # text as .csv
    50: "type",  # .log
    60: "type",  # .xls
    65: "content",  # an odt as .zip
    69: "content",  # svg as .txt
    74: "content",  # html as .txt
    78: None,  # a script as .txt cannot be distinguished
    92: None,  # JSON as .txt
    94: "empty",
}


def cases() -> Iterator[dict[str, Any]]:
    """The cases; none where they are not beside this checkout."""
    path = DATA / "cases.jsonl"
    if path.is_file():
        yield from map(json.loads, path.read_text().splitlines())


CASES = list(cases())


def refused_by(case: dict[str, Any]) -> str | None:
    """The check that refuses the case, or None."""
    with (DATA / "files" / case["file"]).open("rb") as content:
        try:
            examine(case["upload_as"], content, size_bytes=case["bytes"])
        except FileRefused as refusal:
            return refusal.check
    return None


@pytest.mark.outside
def test_the_cases_are_here() -> None:
    if not CASES:
        pytest.skip("the upload cases are not beside this checkout (../shared/data/attachments)")

    assert len(CASES) == 95


@pytest.mark.outside
@pytest.mark.parametrize("case", CASES, ids=lambda case: str(case["case"]))
def test_a_recorded_upload_is_answered_as_expected(case: dict[str, Any]) -> None:
    found = refused_by(case)

    if case["expect"] == "undefined":
        assert found == DECIDED[case["case"]]
    else:
        assert (found is None) == (case["expect"] in ALLOW), (found, case["why"])


@pytest.mark.outside
def test_every_open_case_is_decided_and_on_the_page() -> None:
    _, _, behind = PAGE.read_text().partition("### Unusual files")
    section = behind.partition("\n## ")[0]
    values = {int(n) for n in re.findall(r"^\| (\d+) \|", section, re.MULTILINE)}

    assert values == set(DECIDED)
    if CASES:
        assert {case["case"] for case in CASES if case["expect"] == "undefined"} == set(DECIDED)
