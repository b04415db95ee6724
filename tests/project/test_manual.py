"""The man pages are of the command tree, and the formatter finds nothing wrong in them."""

from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path

import pytest

from savctl.cli.groups import REGISTRY

FOLDER = Path(__file__).resolve().parents[2] / "deploy" / "man"
PAGES = sorted(FOLDER.glob("*.1"))


def test_there_is_a_page_for_savctl_and_one_for_each_group() -> None:
    assert {page.name for page in PAGES} == {
        "savctl.1",
        *(f"savctl-{name}.1" for name in REGISTRY),
    }


def test_the_formatter_warns_of_nothing() -> None:
    if shutil.which("groff") is None:
        pytest.skip("no groff on this machine: apt-get install groff")

    found = subprocess.run(
        ["groff", "-man", "-ww", "-rCHECKSTYLE=2", "-K", "utf8", "-T", "utf8", "-z", *PAGES],
        capture_output=True,
        text=True,
        check=False,
    )

    assert (found.returncode, found.stderr) == (0, "")


def test_a_page_shows_each_option_with_its_meaning() -> None:
    if shutil.which("groff") is None:
        pytest.skip("no groff on this machine: apt-get install groff")

    page = subprocess.run(
        ["groff", "-man", "-K", "utf8", "-T", "ascii", "-P-c", FOLDER / "savctl-top.1"],
        capture_output=True,
        text=True,
        check=True,
    ).stdout

    text = " ".join(re.sub(".\b", "", page).split())
    assert "--interval SECONDS Time between two looks at the database." in text
