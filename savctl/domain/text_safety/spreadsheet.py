"""Text that no spreadsheet runs as a formula (contract: command line, 1.1)."""

from __future__ import annotations

_FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r")


def csv_cell(text: str) -> str:
    """The text as a cell: what would run is prefixed with `'`; a NUL, which ends many readers'
    cell, becomes the replacement character."""
    if "\0" in text:
        text = text.replace("\0", "\ufffd")
    return f"'{text}" if text.startswith(_FORMULA_STARTS) else text
