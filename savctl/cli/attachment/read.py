"""`savctl attachment list, get, url, access`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from savctl.cli.attachment import group
from savctl.cli.attachment.attached import (
    FILE_COLUMNS,
    FILE_FIELDS,
    AttachmentId,
    file_row,
    note_local_links,
)
from savctl.cli.framework.command import command
from savctl.cli.framework.context import CommandContext
from savctl.cli.framework.files import Force, out_file
from savctl.cli.framework.output import Answer
from savctl.cli.framework.params import whole
from savctl.cli.framework.ticket_refs import OneTicket
from savctl.domain.model.references import Digits, reference
from savctl.domain.text import MAX_ID
from savctl.errors import InvalidInput

_ACCESS = ("at", "actor", "action", "attachment_id", "ticket_id", "seconds", "reason")


@command(
    group,
    "list",
    examples=["savctl attachment list TKT-7K2M9QXA", "savctl attachment list 12 --deleted"],
)
def list_(
    call: CommandContext,
    ticket: OneTicket,
    deleted: Annotated[
        bool, typer.Option("--deleted", help="Soft-deleted files as well.")
    ] = False,
) -> Answer:
    """List the files of a ticket, oldest first."""
    from savctl.usecases.files.attaching import list_attachments

    found, attachments = list_attachments(call.database, reference(ticket), deleted=deleted)
    columns = (*FILE_COLUMNS, "deleted_at") if deleted else FILE_COLUMNS
    rows = (file_row(found, attachment) for attachment in attachments)
    return Answer(rows=rows, columns=columns, fields=FILE_FIELDS, key="id", noun="attachments")


@command(
    group,
    "get",
    asks=True,
    acts=True,
    examples=[
        "savctl attachment get 1 --out ada.jpg --force",
        "savctl attachment get 1 --as 10",
    ],
)
def get(
    call: CommandContext,
    attachment: AttachmentId,
    out: Annotated[
        str | None,
        typer.Option("--out", metavar="FILE", help="Where to; a folder, or - for stdout."),
    ] = None,
    force: Force = False,
) -> Answer | None:
    """Fetch a file, and compare it with its record.

    Size and hash are compared; the audit records who fetched it.
    """
    from savctl.domain.files.file_names import local_name
    from savctl.usecases.files.access import content_of

    with content_of(
        call.database, call.clock, call.app.store, attachment, requester=call.requester
    ) as (found, pieces):
        place = _place(out, local_name(found.filename, found.id))
        with out_file(call, place, force=force) as file:
            file.stream.writelines(pieces)
            file.finish()
            file.publish()
    if place == "-":
        return None
    row = {
        "id": found.id,
        "ticket_id": found.ticket_id,
        "file": place,
        "original_name": found.original_name,
        "mime_type": found.mime_type,
        "file_size": found.file_size,
        "sha256": found.sha256,
    }
    return Answer(rows=[row], columns=("id", "file", "file_size"), is_one=True, key="file")


def _place(out: str | None, name: str) -> str:
    """Where the file goes: as asked for, into that folder, or here."""
    if out is None:
        return name
    if out != "-" and Path(out).is_dir():
        return str(Path(out) / name)
    if out.endswith("/"):
        raise InvalidInput(f"there is no folder {out}")
    return out


@command(
    group,
    "url",
    asks=True,
    acts=True,
    examples=["savctl attachment url 1 --as 456", "savctl attachment url 1 --expires 5m -o json"],
)
def url(
    call: CommandContext,
    attachment: AttachmentId,
    expires: Annotated[
        str | None,
        typer.Option("--expires", metavar="SPAN", help="How long it works; at most 15m."),
    ] = None,
) -> Answer:
    """Make a link to a file, valid for 15 minutes.

    It is for someone who may see the ticket; the audit records who got it.

    With a token, customers get links to files of their own tickets, agents of those assigned to
    them and of the queue, admins to all. Without one the operator may have every file.
    """
    from savctl.domain import times
    from savctl.usecases.files.access import link_to

    lifetime = call.settings.link_lifetime if expires is None else times.span(expires)
    link = link_to(
        call.database,
        call.clock,
        call.app.store,
        attachment,
        requester=call.requester,
        lifetime=lifetime,
    )
    note_local_links(call, [link.url])
    row = {
        "id": link.attachment.id,
        "ticket_number": link.ticket.ticket_number,
        "url": link.url,
        "expires_at": link.expires_at,
        "disposition": "inline" if link.is_inline else "attachment",
        "mime_type": link.attachment.mime_type,
        "original_name": link.attachment.original_name,
    }
    return Answer(rows=[row], is_one=True, key="url", text=None if call.columns else link.url)


@command(
    group,
    "access",
    examples=["savctl attachment access 1", "savctl attachment access TKT-7K2M9QXA -o json"],
)
def access(
    call: CommandContext,
    what: Annotated[
        str, typer.Argument(metavar="ID|TKT", help="Id of an attachment, or a ticket number.")
    ],
) -> Answer:
    """Show who did what with a file, oldest first.

    Each row names who attached, read, linked, deleted or restored a file, and when.
    """
    from savctl.usecases.files.access import accesses

    named = reference(what)
    if isinstance(named, Digits):
        rows = accesses(
            call.database,
            requester=call.token_bearer,
            attachment_id=whole("the id", high=MAX_ID)(named),
        )
    elif named:
        rows = accesses(call.database, requester=call.token_bearer, ref=named)
    else:
        raise InvalidInput("name an attachment's id or a ticket number")
    fields = (*_ACCESS, "id", "message_id", "run_id")
    return Answer(rows=rows, columns=_ACCESS, fields=fields, key="id", noun="records of access")
