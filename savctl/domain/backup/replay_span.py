"""From where to where copied binary logs can be replayed (rules 17.4, settled 30)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from savctl.domain.backup.binary_logs import CopiedLog
from savctl.domain.backup.log_positions import FIRST_OFFSET, LogPosition, next_to
from savctl.domain.clock import second_text
from savctl.errors import Refused

Until = datetime | LogPosition


class OutOfReach(Refused):
    """No restore can come to this moment: the logs that were copied do not hold it."""

    code = "out_of_reach"


@dataclass(frozen=True, slots=True)
class LogPart:
    """A copied log and what of it is replayed: from `start`, up to `stop` or its end."""

    log: CopiedLog
    start: int = FIRST_OFFSET
    stop: int | None = None


@dataclass(frozen=True, slots=True)
class LogReplay:
    """What is replayed, in order; `before` is the time from which on events are left out."""

    parts: tuple[LogPart, ...]
    before: datetime | None = None


def plan_replay(
    copied: Sequence[CopiedLog], start: LogPosition, made_at: datetime, until: Until
) -> LogReplay:
    """The parts of the logs between a dump and a later moment.

    Args:
        copied: the copies in the order of copying.
        start: where the dump's own transaction stands in the logs.
        made_at: when the dump was made.
        until: events before this time, or before this place, are replayed.

    Raises:
        OutOfReach: before the dump, behind the last copy or behind a gap; the message names
            the span that can be reached.
    """
    chain = following(copied, start)
    if not chain:
        raise OutOfReach(
            f"no binary log holds {start}, where this backup ends",
            hint="Run 'savctl job run binlog-backup', or restore without --until.",
        )
    if isinstance(until, LogPosition):
        return LogReplay(_up_to(chain, start, made_at, until))
    if not made_at <= until <= chain[-1].covers_until:
        raise _out_of_reach(second_text(until), chain, start, made_at)
    wanted = [log for log in chain if log.began_at < until or log is chain[0]]
    return LogReplay(_parts(wanted, start, None), before=until)


def following(copied: Sequence[CopiedLog], start: LogPosition) -> list[CopiedLog]:
    """The copies from a place on that follow each other without a gap."""
    firsts = [at for at, log in enumerate(copied) if log.name == start.log]
    if not firsts or copied[firsts[-1]].end < start.offset:
        return []
    chain = [copied[firsts[-1]]]
    for log in copied[firsts[-1] + 1 :]:
        last = chain[-1]
        if log.gap is not None or not last.is_whole or log.name != next_to(last.name):
            break
        chain.append(log)
    return chain


def _up_to(
    chain: Sequence[CopiedLog], start: LogPosition, made_at: datetime, until: LogPosition
) -> tuple[LogPart, ...]:
    known = {log.name: log for log in chain}
    if until.log not in known or not until.offset <= known[until.log].end:
        raise _out_of_reach(str(until), chain, start, made_at)
    if until.order < start.order:
        raise _out_of_reach(str(until), chain, start, made_at)
    wanted = [log for log in chain if log.end_position.number <= until.number]
    return _parts(wanted, start, until.offset)


def _parts(
    wanted: Sequence[CopiedLog], start: LogPosition, stop: int | None
) -> tuple[LogPart, ...]:
    last = len(wanted) - 1
    return tuple(
        LogPart(log, FIRST_OFFSET if at else start.offset, stop if at == last else None)
        for at, log in enumerate(wanted)
    )


def _out_of_reach(
    wanted: str, chain: Sequence[CopiedLog], start: LogPosition, made_at: datetime
) -> OutOfReach:
    last = chain[-1]
    return OutOfReach(
        f"{wanted} cannot be reached from this backup: it reaches from "
        f"{second_text(made_at)} ({start}) to {second_text(last.covers_until)} "
        f"({last.end_position})",
        hint="Choose a moment in this span, or another backup: savctl backup list.",
    )
