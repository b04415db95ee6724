"""`savctl attachment delete, restore`."""

from __future__ import annotations

from typing import Annotated

import typer

from savctl.cli.attachment import group
from savctl.cli.attachment.attached import AttachmentId, file_row
from savctl.cli.framework.command import command
from savctl.cli.framework.context import CommandContext
from savctl.cli.framework.mirror import required_mirror
from savctl.cli.framework.output import Answer
from savctl.cli.framework.ticket_refs import Reason

_COLUMNS = ("id", "ticket_number", "original_name", "deleted_at", "changed")


@command(
    group,
    "delete",
    writes=True,
    examples=["savctl attachment delete 1 --reason 'wrong ticket' --as 10"],
)
def delete(call: CommandContext, attachment: AttachmentId, reason: Reason = None) -> Answer:
    """Delete a file of a ticket.

    It can be restored for 30 days; then it is purged.
    """
    from savctl.usecases.files.attaching import delete_attachment

    done = delete_attachment(
        call.operation(),
        attachment,
        reason=reason,
    )
    row = {**file_row(done.ticket, done.attachments[0]), "changed": done.changed}
    return _answer(call, row)


@command(
    group,
    "restore",
    writes=True,
    examples=[
        "savctl attachment restore 1 --as 10",
    ],
)
def restore(
    call: CommandContext,
    attachment: AttachmentId,
    from_mirror: Annotated[
        bool, typer.Option("--from-mirror", help="Copy a lost object back from the mirror.")
    ] = False,
) -> Answer:
    """Restore a deleted file, or one whose object the bucket lost.

    --from-mirror copies the object from the mirror of the bucket and checks its digest.
    """
    if from_mirror:
        return _from_mirror(call, attachment)
    from savctl.usecases.files.attaching import restore_attachment

    done = restore_attachment(call.operation(), attachment)
    row = {**file_row(done.ticket, done.attachments[0]), "changed": done.changed}
    return _answer(call, row)


def _from_mirror(call: CommandContext, attachment: int) -> Answer:
    from savctl.usecases.mirror.attachments import restore_attachment_from_mirror

    mirror = required_mirror(call)
    done, _ = restore_attachment_from_mirror(call.operation(), mirror, call.app.store, attachment)
    row = {**file_row(done.ticket, done.attachments[0]), "changed": done.changed}
    return _answer(call, row)


def _answer(call: CommandContext, row: dict[str, object]) -> Answer:
    if call.dry_run:
        row["dry_run"] = True
        call.note("dry run: nothing was stored")
    return Answer(rows=[row], columns=_COLUMNS, is_one=True, key="id")
