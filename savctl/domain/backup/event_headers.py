"""The headers of the events in a binary log, read as the log passes by (rules 17.4).

The format is public: four bytes that mark the file, then events, each behind a header of 19
bytes: time in seconds, type, server, size, position behind it, flags; all little endian.
"""

from __future__ import annotations

import struct
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime

from savctl.domain.clock import to_the_second
from savctl.errors import Findings

MAGIC = b"\xfebin"
_HEADER = struct.Struct("<IBIIIH")
_STOP, _ROTATE, FORMAT = 3, 4, 15
_ARTIFICIAL = 0x20
# Of the log itself, no change: its beginning and end, MySQL's heartbeat and previous GTIDs,
# MariaDB's checkpoint, list of GTIDs and start of encryption.
_OWN_TIME = frozenset((_STOP, _ROTATE, FORMAT, 27, 35, 161, 163, 164))


class DamagedLog(Findings):
    """What was read is no binary log, or ends within an event."""

    code = "damaged_log"


@dataclass(frozen=True, slots=True)
class EventHeader:
    """One event: where it begins, its size with the header, when it happened, its type."""

    offset: int
    size: int
    at: datetime
    kind: int

    @property
    def is_change(self) -> bool:
        """Whether its time is that of a change, not of the log itself."""
        return self.kind not in _OWN_TIME


@dataclass(slots=True)
class LogScan:
    """What was seen of a log so far, fed with its bytes in pieces of any size."""

    began_at: datetime | None = None
    last: EventHeader | None = None
    offset: int = 0  # of the event that is read now
    _rest: bytes = b""
    _skip: int = 0
    _is_marked: bool = field(default=False)

    def feed(self, piece: bytes) -> Iterator[EventHeader]:
        """The events whose headers end in this piece.

        Raises:
            DamagedLog: it is no binary log.
        """
        data, at = self._rest + piece, 0
        if not self._is_marked:
            if len(data) < len(MAGIC):
                self._rest = data
                return
            _require(data.startswith(MAGIC), 0)
            self._is_marked, at, self.offset = True, len(MAGIC), len(MAGIC)
        while True:
            skipped = min(self._skip, len(data) - at)
            at, self._skip = at + skipped, self._skip - skipped
            if self._skip or len(data) - at < _HEADER.size:
                break
            yield self._event(data, at)
        self._rest = data[at:]

    def close(self) -> int:
        """The bytes of the log, all of them read.

        Raises:
            DamagedLog: it ends within an event, or has none.
        """
        _require(self.last is not None and not self._rest and not self._skip, self.offset)
        return self.offset

    def _event(self, data: bytes, at: int) -> EventHeader:
        seconds, kind, _, size, _, flags = _HEADER.unpack_from(data, at)
        _require(size >= _HEADER.size, self.offset)
        found = EventHeader(self.offset, size, datetime.fromtimestamp(seconds, UTC), kind)
        if self.began_at is None:
            _require(kind == FORMAT and not flags & _ARTIFICIAL, self.offset)
            self.began_at = found.at
        self.last, self._skip = found, size
        self.offset += size
        return found


def first_from(pieces: Iterable[bytes], moment: datetime, *, start: int) -> int | None:
    """Where the first change at or after a moment begins, behind `start`; None when none is.

    Logs know whole seconds: of the second of the moment nothing is before it.

    Raises:
        DamagedLog: it is no binary log.
    """
    scan, second = LogScan(), to_the_second(moment)
    for piece in pieces:
        for event in scan.feed(piece):
            if event.offset >= start and event.is_change and event.at >= second:
                return event.offset
    return None


def before(pieces: Iterable[bytes], stop: int) -> Iterator[bytes]:
    """The log up to the first event that begins at or behind `stop`.

    Raises:
        DamagedLog: it is no binary log.
    """
    scan, kept, base = LogScan(), b"", 0
    for piece in pieces:
        data = kept + piece
        end = next((event.offset for event in scan.feed(piece) if event.offset >= stop), None)
        if end is not None:
            yield data[: end - base]
            return
        passed = max(0, len(data) - _HEADER.size)  # a header may reach into the next piece
        yield data[:passed]
        kept, base = data[passed:], base + passed
    yield kept


def _require(is_fine: bool, offset: int) -> None:
    if not is_fine:
        raise DamagedLog(f"this is not a complete binary log: it breaks at byte {offset}")
