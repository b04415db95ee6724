"""A person's data into one ZIP (rules 9.3, 11.9): rows first, then files, then the pages.

The rows of one moment are put aside on the disk before the object store is used, so no
transaction waits for the network; they are read again for each member, so memory stays flat.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import closing
from dataclasses import asdict, dataclass, field
from datetime import datetime

from savctl.domain.age import Age
from savctl.domain.clock import instant
from savctl.domain.encryption.codec import MetadataCodec
from savctl.domain.encryption.opened import Opened
from savctl.domain.imports.records import Item
from savctl.domain.model.json_text import encode
from savctl.domain.model.metadata import EMPTY, Metadata
from savctl.domain.privacy.disclosure import (
    About,
    Counts,
    Disclosure,
    Kind,
    Missing,
    Record,
    member_name,
)
from savctl.domain.privacy.export_schema import export_schema
from savctl.persistence.engine import Database
from savctl.persistence.people.users import Users
from savctl.persistence.people.vips import Vips
from savctl.persistence.unit_of_work import UnitOfWork, in_transaction
from savctl.ports import Clock, ObjectStore
from savctl.ports.objects import NoSuchObject, UnusableKey
from savctl.usecases.archive.cold_storage import ColdStorage
from savctl.usecases.batch.atomic_file import AtomicFile
from savctl.usecases.batch.batches import never_stop
from savctl.usecases.privacy.data import data_json, head, readme
from savctl.usecases.privacy.places import nothing_of
from savctl.usecases.privacy.records import records_of
from savctl.usecases.privacy.spool import Spool
from savctl.usecases.privacy.zip import Container, container


@dataclass(slots=True, kw_only=True)
class PersonReport:
    """What is in the export; nothing was written when it was stopped."""

    counts: Counts = field(default_factory=Counts)
    files: int = 0
    missing: list[Missing] = field(default_factory=list)
    unreadable: dict[str, Opened] = field(default_factory=dict)
    size_bytes: int = 0
    sha256: str = ""
    is_stopped: bool = False


Read = Callable[[], Iterator[Item]]
Render = Callable[[About, Counts, Sequence[Missing], Read], Iterable[str]]


@dataclass(frozen=True, slots=True, kw_only=True)
class PersonRun:
    """Whose data, how long closed tickets are kept, how the page is drawn, by whom it is done."""

    disclosure: Disclosure
    kept_for: Age
    render: Render
    by: int | None
    dry_run: bool = False
    on_step: Callable[[PersonReport], None] = lambda _: None
    should_stop: Callable[[], bool] = never_stop


class _Stopped(Exception):
    pass


class _Decrypting:
    """Records that were put aside, their metadata decrypted as they are read: none of it is on
    the disk before."""

    def __init__(self, spool: Spool, codec: MetadataCodec, report: PersonReport) -> None:
        self._spool, self._codec, self._report = spool, codec, report

    def __iter__(self) -> Iterator[Item]:
        for kind, record in self._spool:
            if kind is not Kind.TICKET:
                yield kind, record
                continue
            stored = Metadata.read(encode(record["metadata"]))
            opened = self._codec.decrypted(record["id"], stored)
            if opened.unreadable:
                named = Opened(EMPTY, opened.unreadable)
                self._report.unreadable[record["ticket_number"]] = named
            is_same = opened.metadata is stored
            yield kind, record if is_same else {**record, "metadata": dict(opened.metadata)}


def export_person(
    database: Database,
    store: ObjectStore,
    cold: ColdStorage,
    clock: Clock,
    run: PersonRun,
    file: AtomicFile,
) -> PersonReport:
    """Write everything of a person into the file and release it; the audit knows it before.

    Raises:
        NotFound: nothing is known of them.
        Damaged: a bundle of the archive does not hold what was written.
        StoreGone: the object store does not answer; nothing is left behind.
    """
    report = PersonReport()
    try:
        with closing(Spool()) as spool:
            about = _gather(database, cold, spool, clock(), run, report)
            _write(store, _Decrypting(spool, database.codec, report), about, run, report, file)
    except _Stopped:
        report.is_stopped = True
        return report
    sealed = file.finish()
    report.size_bytes, report.sha256 = sealed.size_bytes, sealed.sha256

    def work(uow: UnitOfWork) -> None:
        uow.audit.note("export", actor=run.by, at=about.made_at, details=_details(run, report))

    in_transaction(database, work, dry_run=run.dry_run)
    file.publish()
    return report


def _gather(
    database: Database,
    cold: ColdStorage,
    spool: Spool,
    now: datetime,
    run: PersonRun,
    report: PersonReport,
) -> About:
    """Put all records aside, and answer the summary of the person."""
    user_id = run.disclosure.user_id
    with database.reading() as connection:
        user = Users(connection).find(user_id)
        vip_since = Vips(connection).since(user_id)

    def count(kind: Kind, record: Record) -> None:
        report.counts.add(kind, record)
        if kind is Kind.TICKET:
            _pause(run, report)

    spool.fill(records_of(database, cold, run.disclosure), count)
    if user is None and vip_since is None and report.counts == Counts():
        raise nothing_of(user_id)
    return About(
        disclosure=run.disclosure,
        made_at=now,
        kept_for=run.kept_for,
        user=user,
        vip_since=vip_since,
    )


def _write(
    store: ObjectStore,
    spool: Iterable[Item],
    about: About,
    run: PersonRun,
    report: PersonReport,
    file: AtomicFile,
) -> None:
    counts, missing = report.counts, report.missing
    with container(file.stream, made_at=about.made_at) as into:
        for kind, record in _named(spool):
            if kind in {Kind.FILE, Kind.FILE_ELSEWHERE}:
                _copy(store, record, into, report)
                _pause(run, report)
        lost = {one.attachment_id for one in missing}

        def read() -> Iterator[Item]:
            return (_disclosed(kind, record, lost) for kind, record in _named(spool))

        into.add_text("data.json", data_json(about, counts, read()))
        into.add_text("index.html", run.render(about, counts, missing, read))
        into.add_text("data.schema.json", [json.dumps(export_schema(), indent=2), "\n"])
        into.add_text("README.txt", [readme(about, counts, len(missing))])
        header = head(about) | {"counts": asdict(counts)}
        del header["user"], header["vip_since"]
        into.finish(header | {"missing": [asdict(one) for one in missing]})


def _copy(store: ObjectStore, record: Record, into: Container, report: PersonReport) -> None:
    """One file out of the store; one that is not there is noted."""
    try:
        with store.read(record["file_path"]) as pieces:
            packs = str(record["mime_type"]).startswith("text/")
            at = instant(record["created_at"])
            into.add(record["file"], pieces, at=at, packs=packs)
            report.files += 1
    except (NoSuchObject, UnusableKey) as problem:
        report.missing.append(
            Missing(
                attachment_id=record["id"],
                ticket_number=record["ticket_number"],
                original_name=record["original_name"],
                reason=problem.code,
            )
        )


def _named(items: Iterable[Item]) -> Iterator[Item]:
    """The same records, files with their ticket's number and their place in the export."""
    number = ""
    for kind, record in items:
        if kind in {Kind.TICKET, Kind.ELSEWHERE}:
            number = record["ticket_number"]
            yield kind, record
        elif kind in {Kind.FILE, Kind.FILE_ELSEWHERE}:
            name = member_name(number, record["id"], record["original_name"])
            yield kind, {**record, "ticket_number": number, "file": name}
        else:
            yield kind, record


def _disclosed(kind: Kind, record: Record, lost: set[int]) -> Item:
    """A record as it is disclosed: a missing file has no place."""
    if kind not in {Kind.FILE, Kind.FILE_ELSEWHERE}:
        return kind, record
    kept = {name: value for name, value in record.items() if name != "ticket_number"}
    if kind is Kind.FILE_ELSEWHERE:
        del kept["file_path"]
    return kind, kept | {"file": None if record["id"] in lost else record["file"]}


def _pause(run: PersonRun, report: PersonReport) -> None:
    run.on_step(report)
    if run.should_stop():
        raise _Stopped


def _details(run: PersonRun, report: PersonReport) -> dict[str, object]:
    """Who took whose data; counts, never their words."""
    return {
        "what": "person",
        "user_id": run.disclosure.user_id,
        "with_internal": run.disclosure.with_internal,
        **asdict(report.counts),
        "missing": len(report.missing),
        "bytes": report.size_bytes,
        "sha256": report.sha256,
    }
