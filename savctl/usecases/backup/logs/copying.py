"""Binary logs, copied raw from the server to the place of backups (rules 17.2).

A log is complete under its name before the list names it, so that a kill at any moment costs
only what is copied again. The log that the server still writes is copied whole each time.
"""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from savctl.domain.backup.binary_logs import CopiedLog, CopyPlan, ServerLog, followed, plan_copies
from savctl.domain.backup.event_headers import DamagedLog, LogScan
from savctl.domain.clock import micro_text
from savctl.domain.encryption.keys import KeyRing
from savctl.persistence.backups import records
from savctl.persistence.backups.records import BackupKind, BackupRecord, BackupState
from savctl.persistence.backups.server_logs import ServerLogState, log_state
from savctl.persistence.engine import Database
from savctl.ports.backup_place import BackupPlace
from savctl.ports.binary_logs import BinaryLogSource
from savctl.usecases.backup.logs.index import FOLDER, read_index, write_index
from savctl.usecases.backup.streams.packed import SEALED_SUFFIX, PackedSink, writing
from savctl.usecases.batch.batches import BatchContext
from savctl.usecases.batch.report import Item, ItemOutcome

RECORD_ID = "binlog"
_ABANDONED = timedelta(hours=1)
_COPY = re.compile(rf"{FOLDER}(.+)-\d{{8}}T\d{{6,12}}\.zst({re.escape(SEALED_SUFFIX)})?")


@dataclass(frozen=True, slots=True, kw_only=True)
class LogCopying:
    """Where logs come from and where they go; `keys` seal them, None leaves them plain.

    What reaches back for less than `keep` is kept.
    """

    database: Database
    source: BinaryLogSource
    place: BackupPlace
    keys: KeyRing | None
    keep: timedelta

    def run(self, terms: BatchContext) -> None:
        """Copy what is new, log by log, and write down how far it reaches.

        Raises:
            NoBinaryLog: the server writes none.
            NotPermittedToRead, NotReplicating: the user may not read them.
            LogUnavailable, PlaceUnavailable: server or place broke off; what was named stays.
        """
        state = log_state(self.database)
        copied = read_index(self.place)
        plan = plan_copies(state.logs, copied, began_at=self._began_at(state, copied))
        if terms.dry_run:
            self._preview(plan, terms)
            return
        self._clear_away(copied, before=state.at - _ABANDONED)
        for log in plan.logs:
            if terms.should_stop():
                terms.report.left += 1
                continue
            copied = self._copied(log, plan, state, copied, terms)
        self._forget_old(copied, state, terms)

    def _began_at(self, state: ServerLogState, copied: Sequence[CopiedLog]) -> datetime | None:
        """When the server's log began that has the name of the last copied one."""
        if not copied or copied[-1].name not in {log.name for log in state.logs}:
            return None
        scan = LogScan()
        with self.source.read(copied[-1].name) as pieces:
            for piece in pieces:
                list(scan.feed(piece))
                if scan.began_at is not None:
                    return scan.began_at
        raise DamagedLog(f"the server's log {copied[-1].name} is empty")

    def _copied(
        self,
        log: ServerLog,
        plan: CopyPlan,
        state: ServerLogState,
        copied: tuple[CopiedLog, ...],
        terms: BatchContext,
    ) -> tuple[CopiedLog, ...]:
        new = self._copy(log, state, gap=plan.gaps.get(log.name))
        terms.require_lease()
        after = followed(copied, new)
        write_index(self.place, after)
        for old in copied:
            if old not in after and old.part != new.part:
                self.place.remove(old.part)
        self._write_down(after, terms)
        _report(new, terms)
        return after

    def _copy(self, log: ServerLog, state: ServerLogState, *, gap: str | None) -> CopiedLog:
        # to the microsecond: a run right after a killed one must not write over what is listed
        moment = state.at.strftime("%Y%m%dT%H%M%S%f")
        name = f"{FOLDER}{log.name}-{moment}.zst{SEALED_SUFFIX if self.keys else ''}"
        scan = LogScan()
        with writing(self.place, name, self.keys) as sink:
            end = self._stream(log, scan, sink)
        if scan.began_at is None:
            raise DamagedLog(f"the server's log {log.name} is empty")
        return CopiedLog(
            name=log.name,
            end=end,
            began_at=scan.began_at,
            is_whole=log is not state.logs[-1],
            covers_until=state.at,
            part=name,
            stored_bytes=sink.stored.size_bytes,
            sha256=sink.stored.sha256,
            gap=gap,
            key_id=self.keys.current if self.keys else None,
        )

    def _stream(self, log: ServerLog, scan: LogScan, sink: PackedSink) -> int:
        with self.source.read(log.name) as pieces:
            for piece in pieces:
                for _ in scan.feed(piece):
                    pass
                sink.write(piece)
        end = scan.close()
        if end < log.size:
            raise DamagedLog(
                f"the server gave {end} bytes of {log.name} and lists {log.size}",
                hint="Run the job again; if it repeats, look into the server's log.",
            )
        return end

    def _clear_away(self, copied: Sequence[CopiedLog], *, before: datetime) -> None:
        """Remove what killed runs left: half a copy, and one beside the listed copy of a log.

        Without a list nothing is known to be superfluous, and all of it stays.
        """
        self.place.clean(FOLDER, before=before)
        listed, logs = {log.part for log in copied}, {log.name for log in copied}
        for file in list(self.place.names(FOLDER)):
            copy = _COPY.fullmatch(file.name)
            is_beside = copy is not None and copy[1] in logs and file.name not in listed
            if is_beside and file.modified_at < before:
                self.place.remove(file.name)

    def _forget_old(
        self, copied: tuple[CopiedLog, ...], state: ServerLogState, terms: BatchContext
    ) -> None:
        """Remove the oldest logs that reach back further than backups are kept."""
        oldest = state.at - self.keep
        kept = copied
        while len(kept) > 1 and kept[0].covers_until < oldest:
            kept = kept[1:]
        if len(kept) < len(copied):
            write_index(self.place, kept)
            for log in copied[: len(copied) - len(kept)]:
                self.place.remove(log.part)
            self._write_down(kept, terms)

    def _write_down(self, copied: Sequence[CopiedLog], terms: BatchContext) -> None:
        """The row that metrics and `doctor` read."""
        last = copied[-1]
        gaps = [log for log in copied if log.gap is not None]
        details = {
            "end": str(last.end_position),
            "logs": len(copied),
            "gap": gaps[-1].gap if gaps else None,
            "gap_at": micro_text(gaps[-1].covers_until) if gaps else None,
        }
        record = BackupRecord(
            id=RECORD_ID,
            kind=BackupKind.BINLOG,
            state=BackupState.UNPROVEN,
            made_at=last.covers_until,
            verified_at=None,
            bytes=sum(log.stored_bytes for log in copied),
            place=self.place.describe(),
            details=json.dumps(details),
        )
        self.database.transaction(lambda connection: records.store(connection, record))

    def _preview(self, plan: CopyPlan, terms: BatchContext) -> None:
        for log in plan.logs:
            item = Item(log.name, None, ItemOutcome.CHANGED, plan.gaps.get(log.name))
            terms.report.add([item], seen=1)


def _report(new: CopiedLog, terms: BatchContext) -> None:
    """Name the log; a gap before it needs a person."""
    reason = f"{new.end} bytes" if new.gap is None else f"gap: {new.gap}"
    item = Item(new.name, None, ItemOutcome.CHANGED, reason, always_listed=new.gap is not None)
    terms.report.add([item], seen=1)
    terms.report.findings += new.gap is not None
    terms.on_batch(terms.report)
