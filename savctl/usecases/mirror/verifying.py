"""Read the mirror back: every content has the digest under which it lies (rules 17.2)."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import dataclass, field

from savctl.domain.backup.mirrored import MirrorSpoiled
from savctl.ports.backup_place import NoSuchBackupFile
from savctl.usecases.batch.batches import never_stop
from savctl.usecases.mirror.mirror import Mirror
from savctl.usecases.mirror.place import MirrorPlace, object_name

LISTED = 1_000


@dataclass(frozen=True, slots=True)
class SpoiledContent:
    """Content that is not what was mirrored, one of its keys, and what is wrong."""

    sha256: str
    key: str
    problem: str


@dataclass(slots=True)
class MirrorVerdict:
    """What was read; `spoiled` is bounded, `count` is not."""

    objects: int = 0
    bytes: int = 0
    count: int = 0
    spoiled: list[SpoiledContent] = field(default_factory=list)
    is_stopped: bool = False


def verify_mirror(
    mirror: Mirror,
    *,
    should_stop: Callable[[], bool] = never_stop,
    on_each: Callable[[int], None] = lambda _: None,
) -> MirrorVerdict:
    """Read every content back.

    Raises:
        MirrorSpoiled: the index itself is damaged.
        StoreGone: the mirror does not answer.
    """
    verdict = MirrorVerdict()
    with mirror.reading() as index:
        for sha256, _, key in index.scratch.contents():
            if should_stop():
                verdict.is_stopped = True
                break
            problem = _problem(mirror.place, sha256, verdict)
            verdict.objects += 1
            on_each(verdict.objects)
            if problem is not None:
                verdict.count += 1
                if len(verdict.spoiled) < LISTED:
                    verdict.spoiled.append(SpoiledContent(sha256, key, problem))
    return verdict


def _problem(place: MirrorPlace, sha256: str, verdict: MirrorVerdict) -> str | None:
    digest = hashlib.sha256()
    try:
        with place.read(object_name(sha256)) as pieces:
            for piece in pieces:
                digest.update(piece)
                verdict.bytes += len(piece)
    except NoSuchBackupFile:
        return "missing"
    except MirrorSpoiled as problem:
        return problem.message
    return None if digest.hexdigest() == sha256 else f"has the digest {digest.hexdigest()}"
