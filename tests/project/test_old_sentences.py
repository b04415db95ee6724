"""Sentences that readers did not understand stand nowhere any more."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

PROJECT = Path(__file__).resolve().parents[2]
OLD = (
    "proves nothing",
    "refuses this user: check name, password and privileges",
    "--help shows what it takes",
    "shows what it takes.",
    "is not known here (yet); the reference is kept",
    "names no sender",
    "is no JSON: Extra data",
    "bundle(s) are what was written",
    "no scheduler is alive: savctl scheduler run, or a line of cron",
    "told as TicketSLABreach",
    "raised nothing",
    "warns of nothing",
    "Are bucket and database those of each other?",
    "The end is left out.",
    "interrupted after the batch at hand",
    "left to look at",
    "All is well again",
    "soft-deleted, its time is over",
    "Say what would be said of files",
    "What came, was solved, came back and was left",
    "Let events go again",
    "Free the lease of a job that hangs",
    "Make the schema, or bring it up to date; of two hosts",
    "-FIELD turns the order round",
    "Go on behind this ticket",
    "wants a person's word",
    "a person's word",
    "wrong words, input, settings or schema",
    "No file is lost, none is left",
    "The scheduler stays braked",
    "Then look before you let it run",
    "## In\n",
    "## Out\n",
    "## Away, and back",
    "## What is left over",
    "under its hands",
    "The question behind each level",
)


def _texts() -> dict[str, str]:
    folders = ("savctl", "jobs", "migrations", "docs", "benchmarks", "deploy")
    paths = [p for f in folders for p in sorted((PROJECT / f).rglob("*")) if p.is_file()]
    paths += [*PROJECT.glob("*.md"), *PROJECT.glob("*.example"), PROJECT / "compose.yaml"]
    suffixes = {".py", ".md", ".toml", ".example", ".yaml", ".service", ".sql", ".json"}
    return {
        str(p.relative_to(PROJECT)): p.read_text(encoding="utf-8")
        for p in paths
        if p.suffix in suffixes
    }


TEXTS = _texts()


@pytest.mark.parametrize("sentence", OLD)
def test_the_sentence_stands_nowhere(sentence: str) -> None:
    def joined(text: str) -> str:
        return re.sub(r'"\s*\n\s*f?"', "", text)  # a message of several literals is one text

    assert [name for name, text in TEXTS.items() if sentence in joined(text)] == []
