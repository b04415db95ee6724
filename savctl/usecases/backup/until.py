"""A restored dump brought to a later moment by the copied logs (rules 17.4, settled 30)."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from savctl.domain.backup.log_positions import LogPosition, position
from savctl.domain.backup.manifest import Manifest
from savctl.domain.backup.replay_span import LogReplay, OutOfReach, Until
from savctl.ports.binary_logs import BinaryLogTarget
from savctl.usecases.backup.logs.replaying import LogStore, replay
from savctl.usecases.backup.work import BackupWork


@dataclass(frozen=True, slots=True, kw_only=True)
class LogWork:
    """The copied logs, and the server into which they are replayed."""

    store: LogStore
    target: Callable[[], BinaryLogTarget]


def plan_until(logs: LogWork | None, manifest: Manifest, until: Until) -> LogReplay:
    """What is replayed behind a backup.

    Raises:
        OutOfReach: the backup has no place in the logs, or they do not lead there.
    """
    start = position(manifest.position or "")
    if logs is None or start is None:
        raise OutOfReach(
            f"the backup {manifest.id} has no place in a binary log: it can be restored as it is, "
            "and to no later moment",
            hint="Restore it without --until.",
        )
    return logs.store.plan(start, manifest.made_at, until)


def replay_until(
    work: BackupWork, logs: LogWork | None, manifest: Manifest, schema: str, until: Until
) -> LogPosition:
    """Replay the logs into the schema where the backup was restored; answers where it ended.

    Raises:
        OutOfReach: the logs do not lead there; nothing was replayed.
        ReplayFailed: the server refuses a change; the schema is half way and of no use.
    """
    plan = plan_until(logs, manifest, until)
    if logs is None:
        raise AssertionError("a plan without logs")
    return replay(logs.store, plan, logs.target(), database=schema, origin=manifest.database)
