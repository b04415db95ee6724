"""A rule that code names by its number stands in docs/rules.md, or docs/command-line.md."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

PROJECT = Path(__file__).resolve().parents[2]
SOURCES = [
    path
    for folder in ("savctl", "jobs", "migrations", "benchmarks", "tests")
    for path in sorted((PROJECT / folder).rglob("*.py"))
]
RULES = (PROJECT / "docs" / "rules.md").read_text(encoding="utf-8")
COMMAND_LINE = (PROJECT / "docs" / "command-line.md").read_text(encoding="utf-8")
NUMBERS = re.compile(r"\brules? (\d+(?:\.\d+)?(?:(?:, | and | to |, rules )\d+(?:\.\d+)?)*)")
CONTRACT = re.compile(r"command line, (\d+\.\d+)")


def cited(pattern: re.Pattern[str]) -> Iterator[tuple[str, str]]:
    """Each number that a source file cites, with the file."""
    for path in SOURCES:
        for found in pattern.finditer(path.read_text(encoding="utf-8")):
            for number in re.findall(r"\d+(?:\.\d+)?", found[1]):
                yield number, str(path.relative_to(PROJECT))


def test_every_rule_that_code_names_stands_in_the_page_of_rules() -> None:
    lacking = [
        (number, path)
        for number, path in cited(NUMBERS)
        if f"**{number}**" not in RULES and f"## {number}. " not in RULES
    ]

    assert lacking == []


def test_every_paragraph_of_the_contract_that_code_names_stands_in_its_page() -> None:
    assert [c for c in cited(CONTRACT) if f"### {c[0]} " not in COMMAND_LINE] == []


@pytest.mark.parametrize("folder", ["savctl", "jobs", "migrations"])
def test_no_module_refers_to_a_page_that_the_repository_lacks(folder: str) -> None:
    lacking = [
        f"{path.relative_to(PROJECT)}: {word}"
        for path in SOURCES
        if path.is_relative_to(PROJECT / folder)
        for word in ("spec: ", "cli.md", "settled.md", "rules.md", "sav-service.md")
        if word in path.read_text(encoding="utf-8")
    ]

    assert lacking == []
