"""Which binary logs are copied, where a gap is, and what can be replayed."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from savctl.domain.backup.binary_logs import CopiedLog, ServerLog, followed, plan_copies
from savctl.domain.backup.log_positions import LogPosition, next_to, position
from savctl.domain.backup.replay_span import OutOfReach, following, plan_replay

T0 = datetime(2026, 11, 1, tzinfo=UTC)
START = LogPosition("binlog.000001", 4)
BEHIND = LogPosition("binlog.000002", 99)


@dataclass
class Server:
    """A server's logs: each a name, a beginning and the ids of the events in it."""

    logs: list[tuple[str, datetime, list[int]]] = field(default_factory=list)
    now: datetime = T0
    events: int = 0

    def __post_init__(self) -> None:
        self.logs.append(("binlog.000001", self.now, []))

    def act(self, what: str) -> None:
        self.now += timedelta(minutes=1)
        name, _, events = self.logs[-1]
        if what == "write":
            self.events += 1
            events.append(self.events)
        elif what == "rotate":
            self.logs.append((next_to(name), self.now, []))
        elif what == "purge" and len(self.logs) > 1:
            self.logs.pop(0)
        elif what == "reset":
            self.logs[:] = [("binlog.000001", self.now, [])]

    def listing(self) -> list[ServerLog]:
        return [ServerLog(name, _size(events)) for name, _, events in self.logs]


def _size(events: list[int]) -> int:
    return 4 + 100 * len(events)


def _back_up(
    server: Server, copied: tuple[CopiedLog, ...], held: dict[str, list[int]]
) -> tuple[CopiedLog, ...]:
    began = {name: at for name, at, _ in server.logs}
    plan = plan_copies(
        server.listing(), copied, began_at=began.get(copied[-1].name) if copied else None
    )
    content = {name: events for name, _, events in server.logs}
    for log in plan.logs:
        part = f"{log.name}@{began[log.name]}"
        new = CopiedLog(
            name=log.name,
            end=log.size,
            began_at=began[log.name],
            is_whole=log.name != server.logs[-1][0],
            covers_until=server.now,
            part=part,
            stored_bytes=1,
            sha256="",
            gap=plan.gaps.get(log.name),
        )
        copied = followed(copied, new)
        held[part] = list(content[log.name])
    return copied


@given(
    st.lists(st.sampled_from(["write", "write", "rotate", "purge", "reset", "copy"]), max_size=60)
)
def test_what_follows_without_a_gap_is_every_event_the_server_wrote(acts: list[str]) -> None:
    server = Server()
    copied: tuple[CopiedLog, ...] = ()
    held: dict[str, list[int]] = {}
    for act in [*acts, "copy"]:
        if act == "copy":
            copied = _back_up(server, copied, held)
        else:
            server.act(act)

    firsts = [at for at, log in enumerate(copied) if at == 0 or log.gap is not None]
    for first, end in zip(firsts, [*firsts[1:], len(copied)], strict=True):
        chain = copied[first:end]
        events = [event for log in chain for event in held[log.part]]
        assert events == list(range(events[0], events[-1] + 1)) if events else True
    assert following(copied, LogPosition(copied[-1].name, 4))[-1] == copied[-1]
    lost = server.events - len({event for log in copied for event in held[log.part]})
    assert lost == 0 or len(firsts) > 1 or copied[0].name != "binlog.000001" or _purged(acts)


def _purged(acts: list[str]) -> bool:
    """What went before the first copy was never promised."""
    before = acts[: acts.index("copy")] if "copy" in acts else acts
    return "purge" in before or "reset" in before


def _log(number: int, *, end: int = 504, gap: str | None = None, whole: bool = True) -> CopiedLog:
    return CopiedLog(
        name=f"binlog.{number:06d}",
        end=end,
        began_at=T0 + timedelta(hours=number),
        is_whole=whole,
        covers_until=T0 + timedelta(hours=number + 1),
        part=f"p{number}",
        stored_bytes=1,
        sha256="",
        gap=gap,
    )


def test_a_log_that_the_server_removed_too_early_is_a_gap() -> None:
    plan = plan_copies([ServerLog("binlog.000005", 200)], [_log(3)])

    assert [log.name for log in plan.logs] == ["binlog.000005"]
    assert plan.gaps == {"binlog.000005": "the server removed binlog.000004 before it was copied"}


def test_the_rest_of_a_log_that_grew_and_was_removed_is_a_gap() -> None:
    plan = plan_copies([ServerLog("binlog.000004", 200)], [_log(3, whole=False)])

    assert "removed binlog.000003" in plan.gaps["binlog.000004"]


def test_a_log_that_did_not_grow_is_not_copied_again() -> None:
    assert plan_copies([ServerLog("binlog.000003", 504)], [_log(3, whole=False)]).logs == ()


def test_a_series_of_another_name_is_a_gap() -> None:
    plan = plan_copies([ServerLog("mysql-bin.000004", 200)], [_log(3)])

    assert "are called mysql-bin and were binlog" in plan.gaps["mysql-bin.000004"]


def test_a_time_is_reached_through_all_logs_that_began_before_it() -> None:
    until = T0 + timedelta(hours=3, minutes=5)

    plan = plan_replay(
        [_log(n) for n in (1, 2, 3, 4)], LogPosition("binlog.000002", 99), T0, until
    )

    assert [(part.log.name, part.start) for part in plan.parts] == [
        ("binlog.000002", 99),
        ("binlog.000003", 4),
    ]
    assert plan.before == until


def test_a_place_is_reached_in_its_log() -> None:
    until = LogPosition("binlog.000003", 300)

    plan = plan_replay(
        [_log(n) for n in (1, 2, 3, 4)], LogPosition("binlog.000002", 99), T0, until
    )

    assert [(part.log.name, part.start, part.stop) for part in plan.parts] == [
        ("binlog.000002", 99, None),
        ("binlog.000003", 4, 300),
    ]


@pytest.mark.parametrize(
    "until",
    [
        T0 - timedelta(seconds=1),
        T0 + timedelta(hours=9),
        LogPosition("binlog.000002", 505),
        LogPosition("binlog.000001", 3),
        LogPosition("binlog.000007", 4),
    ],
)
def test_what_is_out_of_reach_names_the_span(until: datetime | LogPosition) -> None:
    with pytest.raises(OutOfReach, match=r"from 2026-11-01T00:00:00Z .* \(binlog.000002:504\)"):
        plan_replay([_log(1), _log(2), _log(4, gap="why")], START, T0, until)


def test_a_backup_whose_logs_were_never_copied_says_so() -> None:
    with pytest.raises(OutOfReach, match=r"no binary log holds binlog\.000001:4"):
        plan_replay([_log(2)], START, T0, T0 + timedelta(hours=2))


def test_a_place_is_written_as_the_log_and_its_bytes() -> None:
    assert position("mysql-bin.000007:1234") == LogPosition("mysql-bin.000007", 1234)
    assert position("2026-11-01T10:00:00Z") is None
    assert position("10:30") is None
