"""Copied logs replayed behind a dump, up to a moment or a place (rules 17.4, settled 30)."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import datetime

from savctl.domain.backup.binary_logs import CopiedLog
from savctl.domain.backup.event_headers import first_from
from savctl.domain.backup.log_positions import LogPosition
from savctl.domain.backup.replay_span import LogPart, LogReplay, Until, plan_replay
from savctl.domain.backup.sealing import SpoiledFile
from savctl.domain.encryption.keys import KeyRing
from savctl.ports.backup_place import BackupPlace
from savctl.ports.binary_logs import BinaryLogTarget
from savctl.usecases.backup.logs.index import read_index
from savctl.usecases.backup.streams.packed import reading

_PIECE_BYTES = 256 * 1024


@dataclass(frozen=True, slots=True, kw_only=True)
class LogStore:
    """The copied logs in the place of backups; `keys` open the sealed ones."""

    place: BackupPlace
    keys: KeyRing | None

    def logs(self) -> tuple[CopiedLog, ...]:
        """All of them, in the order of copying."""
        return read_index(self.place)

    def plan(self, start: LogPosition, made_at: datetime, until: Until) -> LogReplay:
        """What is replayed behind a dump; a time becomes the place of its first event.

        Raises:
            OutOfReach: the logs do not lead there; the message names the span they cover.
        """
        plan = plan_replay(self.logs(), start, made_at, until)
        if plan.before is None:
            return plan
        return LogReplay(tuple(self._cut(plan.parts, plan.before)), plan.before)

    def pieces(self, log: CopiedLog) -> Iterator[bytes]:
        """A log from its beginning, proved where it is sealed.

        Raises:
            SpoiledFile: it is not what was copied.
        """
        with reading(self.place, log.part, self.keys) as source:
            while piece := source.read(_PIECE_BYTES):
                yield piece
            if source.stored.sha256 != log.sha256:
                raise SpoiledFile(f"{log.part} is not what was copied")

    def _cut(self, parts: tuple[LogPart, ...], moment: datetime) -> Iterator[LogPart]:
        """The parts up to the first change that is not before the moment."""
        for part in parts:
            stop = first_from(self.pieces(part.log), moment, start=part.start)
            yield part if stop is None else replace(part, stop=stop)
            if stop is not None:
                return


def replay(
    store: LogStore,
    plan: LogReplay,
    target: BinaryLogTarget,
    *,
    database: str,
    origin: str,
    progress: Callable[[CopiedLog], None] = lambda _: None,
) -> LogPosition:
    """Replay the parts in order; answers the place up to which it came.

    Args:
        store: the copied logs.
        plan: what to replay.
        target: the server that has the restored dump.
        database: where the dump was restored.
        origin: the database of which it was made.
        progress: called before each log.

    Raises:
        ReplayFailed: the server refuses a change; what came before it is stored.
        LogUnavailable: the server broke off.
        SpoiledFile: a log is not what was copied.
    """
    last = plan.parts[-1]
    with target.session(database, origin=origin) as session:
        for part in plan.parts:
            progress(part.log)
            session.apply(store.pieces(part.log), start=part.start, stop=part.stop)
    return LogPosition(last.log.name, last.log.end if last.stop is None else last.stop)
