"""Notes and warnings of a command: lines on stderr, words or JSON as its errors are."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from savctl.cli.framework.asked import is_json
from savctl.cli.framework.output import Format
from savctl.cli.framework.stderr.errors import message_line
from savctl.cli.framework.stderr.streams import has_log_lines, write_line
from savctl.cli.framework.tables.colours import yellow
from savctl.cli.framework.terminal import wants_colour
from savctl.cli.framework.text import safe


@dataclass(kw_only=True)
class StderrMessages:
    """What one command prints beside its answer."""

    output: Format = Format.TABLE
    quiet: bool = False
    color: str = "auto"
    _held: list[str] | None = field(default=None, init=False)
    _warned: set[str] = field(default_factory=set, init=False)

    @property
    def is_json(self) -> bool:
        """Whether warnings and errors are to be JSON lines."""
        return is_json(self.output)

    def warn(self, text: str) -> None:
        """Print a warning on stderr, the same one once a command."""
        if text not in self._warned:
            self._warned.add(text)
            self.print_message("warning", text)

    def warn_of_change(self, texts: Iterable[str]) -> None:
        """Print what is odd about a change; `--quiet` accepts what is only saved anyway."""
        from savctl.usecases.tickets.changes import SAVED_ANYWAY

        for text in texts:
            if not (self.quiet and text.endswith(SAVED_ANYWAY)):
                self.warn(text)

    def note(self, text: str) -> None:
        """Print a note on stderr, unless asked to be quiet."""
        if not self.quiet:
            self.print_message("note", text)

    @contextmanager
    def notes_held(self) -> Iterator[None]:
        """Print what is noted meanwhile at the end: after an answer it does not scroll away."""
        if self._held is not None:
            yield
            return
        self._held = []
        try:
            yield
        finally:
            held, self._held = self._held, None
            write_line("".join(held))

    @property
    def stop_line(self) -> bytes:
        """What a signal is answered with at once, while the current batch goes on."""
        if self.quiet:
            return b""
        text = "stopping after the current batch"
        if self.is_json or has_log_lines():
            return f"{message_line('note', text)}\n".encode()
        return f"{chr(10) * sys.stderr.isatty()}{text}\n".encode()

    def print_message(self, kind: str, text: str) -> None:
        """One line on stderr: words, or an object where errors are objects."""
        if self.is_json or has_log_lines():
            line = message_line(kind, text)
        else:
            label = f"{self._painted('warning:')} " if kind == "warning" else ""
            line = f"{label}{safe(text)}"
        if self._held is None:
            write_line(f"{line}\n")
        else:
            self._held.append(f"{line}\n")

    def _painted(self, label: str) -> str:
        has_colours = wants_colour(self.color, is_terminal=sys.stderr.isatty())
        return yellow(label) if has_colours else label
