"""Files as the command line names them, and attachments as it answers with them."""

from __future__ import annotations

import stat
import sys
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, BinaryIO

import typer

from savctl.cli.framework.context import CommandContext
from savctl.cli.framework.params import whole
from savctl.domain.text import MAX_ID
from savctl.errors import InvalidInput

if TYPE_CHECKING:
    from savctl.domain.model.ticket import Ticket
    from savctl.persistence.files.attachments import Attachment
    from savctl.usecases.files.staging import Staged, Staging

Attach = Annotated[
    list[str] | None,
    typer.Option("--attach", metavar="FILE", help="A file to attach; may be repeated."),
]
AttachmentId = Annotated[
    int,
    typer.Argument(metavar="ID", parser=whole("ID", high=MAX_ID), help="Id of the attachment."),
]
FILE_COLUMNS = ("id", "ticket_number", "mime_type", "file_size", "original_name", "created_at")
FILE_FIELDS = (
    "id",
    "ticket_id",
    "message_id",
    "original_name",
    "filename",
    "file_path",
    "mime_type",
    "file_size",
    "created_at",
    "updated_at",
    "sha256",
    "deleted_at",
    "ticket_number",
)


def sources(paths: Sequence[str], *, name: str | None = None) -> Iterator[tuple[str, BinaryIO]]:
    """Each file with its name, open while it is looked at; `-` is stdin and needs a name."""
    if name is not None and len(paths) != 1:
        raise InvalidInput("--name is for one file")
    for given in paths:
        if given == "-":
            if name is None:
                raise InvalidInput("stdin has no name", hint="Add --name photo.jpg.")
            yield name, sys.stdin.buffer
            continue
        with _opened(Path(given)) as content:
            yield name or Path(given).name, content


def staged(staging: Staging, paths: Sequence[str] | None) -> list[Staged]:
    """The files that `--attach` names, examined and scanned."""
    return staging.add_all(sources(paths or ()))


def file_row(ticket: Ticket, attachment: Attachment) -> dict[str, object]:
    """The record with the service's column names, and what savctl knows beside them."""
    row: dict[str, object] = {
        name: getattr(attachment, name) for name in FILE_FIELDS if name != "ticket_number"
    }
    return {**row, "ticket_number": ticket.ticket_number}


def note_local_links(call: CommandContext, urls: Iterable[str]) -> None:
    """Note what links into a folder are good for, if there are any."""
    if any(url.startswith("file:") for url in urls):
        call.note(
            "file: links open on this host only, for the user who owns the folder of files; "
            "links for customers need an S3 store (SAVCTL_STORAGE_URL)"
        )


def _opened(path: Path) -> BinaryIO:
    try:
        if not stat.S_ISREG(path.stat().st_mode):  # a pipe would hang, a device never end
            raise InvalidInput(f"{path} is not a regular file", hint="Use - for stdin.")
        return path.open("rb")
    except (OSError, ValueError) as problem:
        why = problem.strerror if isinstance(problem, OSError) else str(problem)
        raise InvalidInput(f"cannot read {path}: {why}") from None
