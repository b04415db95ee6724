"""The headers of binary log events, read in pieces of any size."""

from __future__ import annotations

import struct
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from savctl.domain.backup.event_headers import (
    FORMAT,
    MAGIC,
    DamagedLog,
    LogScan,
    before,
    first_from,
)

QUERY, ROTATE = 2, 4


def _event(at: int, kind: int, body: bytes = b"") -> bytes:
    return struct.pack("<IBIIIH", at, kind, 1, 19 + len(body), 0, 0) + body


def _log(*events: bytes) -> bytes:
    return MAGIC + _event(1000, FORMAT, b"x" * 60) + b"".join(events)


@given(
    st.lists(st.tuples(st.integers(1000, 2000), st.binary(max_size=50)), max_size=8),
    st.integers(1, 40),
)
def test_events_are_found_in_pieces_of_any_size(
    events: list[tuple[int, bytes]], size: int
) -> None:
    log = _log(*(_event(at, QUERY, body) for at, body in events))
    scan = LogScan()

    found = [event for at in range(0, len(log), size) for event in scan.feed(log[at : at + size])]

    assert [event.at.timestamp() for event in found[1:]] == [at for at, _ in events]
    assert [event.size - 19 for event in found[1:]] == [len(body) for _, body in events]
    assert scan.began_at == datetime.fromtimestamp(1000, UTC)
    assert scan.close() == len(log)


def test_a_moment_is_the_place_of_the_first_change_that_is_not_before_it() -> None:
    first, second = _event(1500, QUERY, b"abc"), _event(1501, QUERY)
    log = _log(first, second, _event(1400, QUERY))

    def place(moment: int, start: int = 4) -> int | None:
        return first_from([log], datetime.fromtimestamp(moment, UTC), start=start)

    assert place(1501) == len(_log(first))
    assert place(1500) == len(_log())
    assert place(1500, start=len(_log(first))) == len(_log(first))
    assert place(1502) is None


@given(st.integers(0, 220), st.integers(1, 60))
def test_a_log_is_cut_before_the_first_event_behind_a_place(stop: int, size: int) -> None:
    events = [_log(), *(_event(1500, QUERY, b"abc"), _event(1501, QUERY), _event(1502, QUERY))]
    ends = [sum(map(len, events[:n])) for n in range(1, 5)]
    log = b"".join(events)
    pieces = [log[at : at + size] for at in range(0, len(log), size)]

    kept = b"".join(before(pieces, stop))

    places = [len(MAGIC), *ends[:-1]]
    assert len(kept) == next((place for place in places if place >= stop), len(log))
    assert log.startswith(kept)


def test_the_end_of_a_log_is_no_change() -> None:
    assert (
        first_from([_log(_event(1500, ROTATE))], datetime.fromtimestamp(1500, UTC), start=4)
        is None
    )


BROKEN = (
    *(b"", b"\xfebi", b"text", MAGIC, MAGIC + b"\0" * 40),
    *(_log()[:-1], _log(_event(1, QUERY))[:-5]),
)


@pytest.mark.parametrize("log", BROKEN)
def test_what_is_no_whole_log_is_refused(log: bytes) -> None:
    with pytest.raises(DamagedLog):
        _read(log)


def _read(log: bytes) -> None:
    scan = LogScan()
    list(scan.feed(log))
    scan.close()
