"""`savctl attachment add, check`."""

from __future__ import annotations

from dataclasses import replace
from typing import Annotated

import typer

from savctl.cli.attachment import group
from savctl.cli.attachment.attached import FILE_COLUMNS, file_row, note_local_links, sources
from savctl.cli.framework.command import command
from savctl.cli.framework.context import CommandContext
from savctl.cli.framework.output import Answer, Outcome, Row
from savctl.cli.framework.ticket_refs import OneTicket
from savctl.domain.model.references import reference
from savctl.domain.text import plural
from savctl.errors import PartlyDone, SavError

Files = Annotated[list[str], typer.Argument(metavar="FILE…", help="Files; - reads stdin.")]
Name = Annotated[
    str | None,
    typer.Option(
        "--name", metavar="NAME", help="Its name, instead of the file's; stdin has none."
    ),
]
_CHECKED = ("file", "allowed", "check", "mime_type", "file_size", "reason")


@command(
    group,
    "add",
    writes=True,
    examples=[
        "savctl attachment add TKT-7K2M9QXA photo.jpg letter.pdf",
        "savctl attachment add TKT-7K2M9QXA IMG_0815 --name photo.jpg --as 10",
        "savctl attachment add TKT-7K2M9QXA photo.jpg --url -o json",
    ],
)
def add(
    call: CommandContext,
    ticket: OneTicket,
    files: Files,
    name: Name = None,
    idempotency_key: Annotated[
        str | None,
        typer.Option("--idempotency-key", help="The same key answers the same attachments."),
    ] = None,
    url: Annotated[
        bool, typer.Option("--url", help="Answer with a link to each file, as `url` does.")
    ] = False,
) -> Answer | Outcome:
    """Attach files to a ticket.

    All are examined and scanned before anything is written.
    """
    from savctl.usecases.files.access import require_ticket
    from savctl.usecases.files.attaching import attach_files
    from savctl.usecases.files.staging import Staging

    if url:
        require_ticket(call.database, reference(ticket))
    with Staging(call.app.scanner) as staging:
        examined = staging.add_all(sources(files, name=name))
        done = attach_files(
            call.operation(key=idempotency_key),
            call.app.store,
            reference(ticket),
            examined,
        )
    for file in examined:
        if file.name.was_cut:
            call.warn(f"the name was cut to 255 characters: {file.name.original}")
    rows: list[Row] = []
    for attachment in done.attachments:
        row = {**file_row(done.ticket, attachment), "changed": done.changed}
        row |= {"replayed": True} if done.is_replayed else {}
        row |= {"dry_run": True} if call.dry_run else {}
        rows.append(row)
    if call.dry_run:
        call.note("dry run: nothing was stored")
    answer = Answer(rows=rows, columns=FILE_COLUMNS, is_one=len(files) == 1, key="id")
    return _with_links(call, answer, rows) if url and not call.dry_run else answer


def _with_links(call: CommandContext, answer: Answer, rows: list[Row]) -> Answer | Outcome:
    """The same answer with a link in each row; the files are attached, whatever becomes of it."""
    from savctl.usecases.files.access import link_to

    linked: list[Row] = []
    try:
        for row in rows:
            link = link_to(
                call.database,
                call.clock,
                call.app.store,
                int(str(row["id"])),
                requester=call.requester,
                lifetime=call.settings.link_lifetime,
            )
            linked.append({**row, "url": link.url, "expires_at": link.expires_at})
    except SavError as problem:
        partly = PartlyDone(
            f"the files are attached, but links are not available: {problem.message}",
            hint="savctl attachment url ID",
        )
        return Outcome(answer=answer, failures=(partly,))
    note_local_links(call, (str(row["url"]) for row in linked))
    text = "\n".join(f"{row['id']}  {row['url']}" for row in linked)
    return replace(answer, rows=linked, text=None if call.columns else text)


@command(
    group,
    "check",
    timeless=True,
    examples=[
        "savctl attachment check photo.jpg",
        "savctl attachment check photo.jpg letter.pdf -o json",
    ],
)
def check(call: CommandContext, files: Files, name: Name = None) -> Answer | Outcome:
    """Check whether files would be accepted.

    Nothing is stored, and no database is needed.
    """
    from savctl.domain.files.file_types import FileRefused
    from savctl.usecases.files.staging import Staging

    rows: list[Row] = []
    refused: list[FileRefused] = []
    with Staging(call.app.scanner) as staging:
        for shown, content in sources(files, name=name):
            try:
                file = staging.add(shown, content)
            except FileRefused as refusal:
                refused.append(refusal)
                rows.append(
                    _row(shown, allowed=False, check=refusal.check, reason=refusal.message)
                )
                continue
            record = file.record(0)
            rows.append(
                _row(
                    shown,
                    allowed=True,
                    mime_type=record.mime_type,
                    file_size=record.file_size,
                    filename=record.filename,
                    original_name=record.original_name,
                    sha256=record.sha256,
                )
            )
    answer = Answer(rows=rows, columns=_CHECKED, is_one=len(files) == 1, key="file")
    if not refused:
        return answer
    if len(refused) == len(rows):
        return Outcome(answer=answer, failures=refused)
    partly = PartlyDone(f"{len(refused)} of {plural(len(rows), 'file')} would be refused")
    return Outcome(answer=answer, failures=(*refused, partly))


def _row(name: str, **known: object) -> dict[str, object]:
    row: dict[str, object] = {"file": name, "allowed": None, "check": None, "reason": None}
    row |= dict.fromkeys(("mime_type", "file_size", "filename", "original_name", "sha256"))
    return row | known
