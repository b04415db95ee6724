"""Every item of a run, kept in a file until the run has ended (contract 1.4: `-o jsonl`)."""

from __future__ import annotations

import json
import tempfile
import weakref
from collections.abc import Iterator

from savctl.cli.framework.context import CommandContext
from savctl.cli.framework.output import Format, StreamedArray
from savctl.usecases.batch.report import Item

_IN_MEMORY_BYTES = 8 * 1024 * 1024


class ItemLines(StreamedArray):
    """Items in the order in which they were added; a million of them take no memory."""

    def __init__(self) -> None:
        self._file = tempfile.SpooledTemporaryFile(  # noqa: SIM115 - gone with its last reader
            _IN_MEMORY_BYTES, mode="w+", encoding="utf-8"
        )
        weakref.finalize(self, self._file.close)

    def add(self, item: Item) -> None:
        """Keep one more."""
        self._file.write(json.dumps(item.as_json()) + "\n")

    def elements(self) -> Iterator[str]:
        """Each as JSON; they may be read again."""
        self._file.seek(0)
        for line in self._file:
            yield line.removesuffix("\n")

    def rows(self) -> Iterator[dict[str, object]]:
        """Each as a row of an answer."""
        return map(json.loads, self.elements())


def wanted_items(call: CommandContext) -> ItemLines | None:
    """Where to keep the items of this call, when all of them are to be shown."""
    return ItemLines() if call.dry_run and call.output is Format.JSONL else None
