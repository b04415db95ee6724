"""`make lint` finds phrases that are hard to read, and names the words instead."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

CHECK = Path(__file__).resolve().parents[2] / ".ci" / "words.py"
pytestmark = pytest.mark.slow("imports every command")


def checked(folder: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, str(CHECK)], cwd=folder, capture_output=True, text=True, check=False
    )


@pytest.mark.parametrize(
    ("name", "text", "found"),
    [
        ("README.md", "The job tells what it did.\n", "README.md:1: 'tells': write name"),
        ("docs/a.md", "\nIt is no JSON.\n", "docs/a.md:2: 'is no JSON': write is not"),
        ("docs/a.md", f"{'long ' * 25}\n", "docs/a.md:1: break the line at 120"),
        ("savctl/a.py", "WORDS = 'See docs/sla.md.'\n", "savctl/a.py:1: 'docs/': write it here"),
    ],
)
def test_a_phrase_is_found_with_its_place(
    tmp_path: Path, name: str, text: str, found: str
) -> None:
    (tmp_path / name).parent.mkdir(exist_ok=True)
    (tmp_path / name).write_text(text, encoding="utf-8")

    outcome = checked(tmp_path)

    assert outcome.returncode == 1
    assert outcome.stderr.startswith(found)


def test_plain_words_quotes_and_code_pass(tmp_path: Path) -> None:
    page = 'It reports "comes" and `tells`.\n\n```sh\necho it comes\n```\n'
    (tmp_path / "README.md").write_text(page, encoding="utf-8")

    outcome = checked(tmp_path)

    assert (outcome.returncode, outcome.stderr) == (0, "")
