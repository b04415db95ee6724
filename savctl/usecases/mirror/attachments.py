"""`attachment restore --from-mirror`: a file whose object the bucket lost (rules 17.5)."""

from __future__ import annotations

from savctl.domain.access.file_access import FileAction, FileNote
from savctl.errors import NotFound, Refused
from savctl.persistence.files.attachments import Attachment
from savctl.persistence.unit_of_work import UnitOfWork, in_transaction
from savctl.ports import ObjectStore
from savctl.usecases.files.attaching import Attached, restore_attachment
from savctl.usecases.mirror.mirror import Mirror
from savctl.usecases.mirror.restoring import KeyFate, RestoredKey, restore_from_mirror
from savctl.usecases.operation import Operation

REASON = "from the mirror"


class NotInMirror(NotFound):
    """The mirror has no content of this key."""

    code = "not_in_mirror"


class SpoiledInMirror(Refused):
    """What the mirror has of this key is not what was mirrored."""

    code = "spoiled_in_mirror"


def restore_attachment_from_mirror(
    op: Operation, mirror: Mirror, store: ObjectStore, attachment_id: int
) -> tuple[Attached, RestoredKey]:
    """Put the object back when the bucket lost it, and take the mark of deletion off.

    Raises:
        NotFound: no such record, or the mirror never had its object.
        Refused: the object is being purged; the mirror's copy is spoiled.
        StoreGone: bucket or mirror.
    """
    with op.database.reading() as connection:
        attachment = _found(UnitOfWork(connection), attachment_id)
    key = attachment.file_path
    digests = {key: attachment.sha256} if attachment.sha256 is not None else {}
    [done] = restore_from_mirror(mirror, store, [key], digests=digests, dry_run=op.dry_run)
    if done.fate is KeyFate.MISSING:
        raise NotInMirror(
            f"the mirror has no object {key}" + (" of the recorded digest" if digests else ""),
            hint="Run 'savctl attachment verify' for the other missing files.",
            attachment_id=attachment_id,
        )
    if done.fate is KeyFate.SPOILED:
        raise SpoiledInMirror(
            f"the mirror's copy of {key} is not what was mirrored",
            hint="Run 'savctl backup mirror --verify' for a list.",
            attachment_id=attachment_id,
        )
    unmarked = restore_attachment(op, attachment_id)
    if done.fate is KeyFate.RESTORED and not unmarked.changed:
        _note(op, attachment)
    changed = unmarked.changed or done.fate is KeyFate.RESTORED
    return (
        Attached(ticket=unmarked.ticket, attachments=unmarked.attachments, changed=changed),
        done,
    )


def _found(uow: UnitOfWork, attachment_id: int) -> Attachment:
    attachment = uow.attachments.get(attachment_id)
    if uow.purges.claimed([attachment.file_path]):
        raise Refused(
            f"attachment {attachment_id} is being purged: its object cannot be restored",
            attachment_id=attachment_id,
        )
    return attachment


def _note(op: Operation, attachment: Attachment) -> None:
    note = FileNote(
        action=FileAction.RESTORED,
        ticket_id=attachment.ticket_id,
        attachment_id=attachment.id,
        reason=REASON,
    )

    def work(uow: UnitOfWork) -> None:
        uow.audit.files([note], actor=op.actor, at=op.clock())

    in_transaction(op.database, work, dry_run=op.dry_run)
