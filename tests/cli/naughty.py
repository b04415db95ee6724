"""Awkward strings, and what "harmless" means on a terminal and in a spreadsheet."""

from __future__ import annotations

import json
import unicodedata
from pathlib import Path

from savctl.html import clean

FILE = Path(__file__).resolve().parents[3] / "shared" / "data" / "naughty-strings" / "blns.json"

OWN = (
    " ",
    "\t",
    "-",
    "-o",
    "--help",
    "@sum(A1)",
    "=1+1",
    "=cmd|' /C calc'!A0",
    "+31",
    "-1",
    "\t=1",
    "\r=1",
    "two\nlines",
    "two\r\nlines",
    "\x1b[31mred\x1b[0m",
    "\x1b]0;title\x07",
    "\x9b31m",
    "\x7f\x08",
    "\u202egnp.exe",
    "\u2066isolated\u2069",
    "zero\u200bwidth",
    "line\u2028separator",
    "\ufeffmark",
    "\U000e0041\U000e007f",
    "\ue000 private",
    "é and e\u0301",
    "中文字符",
    "👩\u200d👩\u200d👧 ❤\ufe0f",
    "<b>bold</b> & <i>brave</i>",
    "<script>alert(1)</script>hello",
    '<a href="javascript:alert(1)" onclick="x()">click</a>',
    "1 < 2 and 3 > 2",
    "AT&T",
    "\"quoted\" 'twice'",
    "'; DROP TABLE support_tickets; --",
    "%s %(name)s {0} {name} $HOME `id` $(id)",
    "\\ \\n \\u0041",
    "null",
    "NaN",
    "1e999",
    '{"a": 1}',
    "x" * 255,
    "👩" * 255,
)


def outside() -> list[str]:
    """The big list, without those that a line cannot hold; empty where it is absent."""
    if not FILE.is_file():
        return []
    found: list[str] = json.loads(FILE.read_text(encoding="utf-8"))
    return sorted({text for text in found if text and len(text) <= 255 and "\0" not in text})


def stored_message(typed: str) -> str:
    """What is kept of a message; tests/text_safety holds that nothing of it acts in a browser."""
    return clean(typed)


def in_a_cell(text: str) -> str:
    """What a CSV cell holds, so that no spreadsheet runs it."""
    return f"'{text}" if text[:1] in {"=", "+", "-", "@", "\t", "\r"} else text


def steering(shown: str) -> set[str]:
    """The characters in a terminal's input that could move, colour or turn round anything."""
    kinds = {"Cc", "Cf", "Cs", "Zl", "Zp"}
    joiners = {"\u200c", "\u200d"}  # letters and emoji are made with them; they move nothing
    return {c for c in shown if unicodedata.category(c) in kinds and c not in {"\n", *joiners}}
