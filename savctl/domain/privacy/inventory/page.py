"""The inventory as the page docs/personal-data.md."""

from __future__ import annotations

import textwrap
from collections.abc import Iterator
from itertools import groupby

from savctl.domain.privacy.inventory import SECTIONS
from savctl.domain.privacy.inventory.entry import Care, Entry

_HEAD = """# Inventory of personal data

Every column and every known key: whose data it is, why it is kept, and how long. This page is made
from `savctl/domain/privacy/inventory/`, and a test holds it equal. `savctl gdpr inventory -o json`
prints the same for machines. It is the technical part of a record of processing (Art. 30), not
legal advice: the controller checks basis and periods.

"other" are third persons that a free text, a file or a name may mention. A customer's export names
agents by id and leaves the messages of other customers out."""


def page() -> str:
    """The whole page."""
    lines = [_HEAD]
    for title, part in SECTIONS:
        lines.append(f"\n## {title}")
        for (prefix, care), entries in groupby(part, key=_group):
            lines += _table(prefix, care, entries)
    return "\n".join(lines) + "\n"


def _table(prefix: str, care: Care, entries: Iterator[Entry]) -> Iterator[str]:
    yield f"\n### {prefix}\n"
    text = f"Basis {care.basis}. Kept: {care.retention}."
    yield from textwrap.wrap(text, width=100, break_on_hyphens=False)
    yield ""
    yield "| place | whose | what | in their export |"
    yield "|---|---|---|---|"
    for entry in entries:
        whose = ", ".join(entry.whose)
        yield f"| `{entry.place}` | {whose} | {entry.what} | {entry.export} |"


def _group(entry: Entry) -> tuple[str, Care]:
    mark = ":" if ":" in entry.place else "."
    return entry.place.partition(mark)[0], entry.care
