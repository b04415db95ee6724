"""Running uploads to their tickets: given up, their keys are purged with the objects."""

from __future__ import annotations

from savctl.persistence.files.purge_queue import PurgeReason, PurgeRequest
from savctl.persistence.files.uploads import Upload, UploadRecords
from savctl.persistence.schema.tables import uploads
from savctl.persistence.unit_of_work import UnitOfWork
from savctl.usecases.erasure.place import ErasureWork, Place, Search


class RunningUploads(Place):
    """Whoever uploads finds no ticket any more, and records nothing."""

    name = "uploads"
    order = 35
    what = "running uploads to their tickets"
    holds = ("savctl_uploads.*", "bucket: temp/")

    def find(self, search: Search) -> int:
        """Uploads that are written down."""
        with search.database.reading() as connection:
            return search.scope.count(connection, uploads)

    def erase(self, work: ErasureWork) -> None:
        """End those in parts first, by their exact keys: older stores list no others."""
        for ids in work.scope.parts():
            with work.database.reading() as connection:
                running = UploadRecords(connection).of_tickets(ids)
            for one in running:
                work.terms.require_lease()
                _end_parts(work, one)
            if running:
                work.transact(lambda uow, r=running: _give_up(work, uow, r))  # type: ignore[misc]


def _end_parts(work: ErasureWork, upload: Upload) -> None:
    for key in {upload.temp_key, upload.object_key} - {None}:
        for part in work.store.partial_uploads(str(key)):
            if part.key == key:
                work.store.abort_parts(part.key, part.upload_id)
    if upload.upload_id is not None and upload.temp_key is not None:
        work.store.abort_parts(upload.temp_key, upload.upload_id)


def _give_up(work: ErasureWork, uow: UnitOfWork, running: list[Upload]) -> None:
    now = work.clock()
    doomed = [
        PurgeRequest(key=key, reason=PurgeReason.ERASURE, due_at=now, ticket_id=one.ticket_id)
        for one in running
        for key in (one.temp_key, one.object_key)
        if key is not None
    ]
    uow.purges.want(doomed, at=now)
    uow.purges.take_over([one.key for one in doomed])
    uow.uploads.forget([one.id for one in running])
    work.listed(uow).removed("uploads", len(running))


PLACE = RunningUploads()
