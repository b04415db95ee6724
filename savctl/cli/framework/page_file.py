"""The HTML page of a report: a new file, readable by its owner only, whole or not there."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from savctl.cli.framework.context import CommandContext
from savctl.cli.framework.files import may_overwrite
from savctl.cli.framework.text import safe
from savctl.errors import InvalidInput, SavError

if TYPE_CHECKING:
    from savctl.pages.page import Page


@dataclass(frozen=True, slots=True)
class PagePlace:
    """Where a page goes, and whether a file there is replaced."""

    path: Path
    overwrite: bool


def page_place(call: CommandContext, html: Path | None, *, force: bool) -> PagePlace | None:
    """Where `--html` wants the page; asked before the report is computed.

    Raises:
        NeedsConfirmation: there is a file already, and nobody wants it replaced.
        InvalidInput: it is a link, a folder, a device.
    """
    if html is None:
        return None
    is_other = html.is_symlink() or (html.exists() and not html.is_file())
    if str(html) == "-" or is_other:
        raise InvalidInput(
            f"--html {html} is not a regular file", hint="Name a file for the page."
        )
    return PagePlace(html, may_overwrite(call, html, force=force))


def write_page(call: CommandContext, place: PagePlace, page: Page) -> str | None:
    """Write a page; answers the text that a person gets instead of the table.

    Raises:
        InvalidInput: it cannot be written there.
        Unavailable: there is no room for it.
    """
    from savctl.pages.page import render
    from savctl.usecases.batch.atomic_file import new_file

    content = render(page).encode("utf-8")
    try:
        with new_file(place.path, overwrite=place.overwrite) as file:
            file.stream.write(content)
            file.finish()
            file.publish()
    except SavError as problem:
        problem.message = f"--html: {problem.message}"
        raise
    text = f"written: {place.path}"
    if call.wants_page:
        return safe(text)
    call.note(text)
    return None
