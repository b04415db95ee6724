"""The bucket is copied into the mirror: versions it does not have yet, by key, version and etag.

Content is stored once under its digest. Content first, then the line of the index: what a killed
run leaves is content that no line names, and the next run, or an erasure, sweeps it.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from io import BytesIO
from tempfile import SpooledTemporaryFile

from savctl.domain.backup.mirrored import MirroredVersion, is_mirrored
from savctl.ports.objects import NoSuchObject, ObjectStore, ObjectVersion
from savctl.usecases.batch.batches import BatchContext
from savctl.usecases.batch.report import Item, ItemOutcome
from savctl.usecases.mirror.index import MirrorIndex
from savctl.usecases.mirror.mirror import Mirror
from savctl.usecases.mirror.place import UNFINISHED, object_name

WORKERS = 4
_AT_ONCE = 200  # versions between two lines of progress
_BYTES_AT_ONCE = 256 * 1024**2
_SPOOL_BYTES = 4 * 1024**2  # of each worker; larger objects pass through a file without a name
_LOOKED_AT = 1_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Mirroring:
    """What is copied where, and under which terms."""

    store: ObjectStore
    mirror: Mirror
    terms: BatchContext
    spoiled: frozenset[str] = frozenset()  # contents that are to be copied again


@dataclass(slots=True)
class Copied:
    """What a run did."""

    versions: int = 0
    bytes: int = 0
    contents: int = 0
    healed: set[str] = field(default_factory=set)
    leaves_some: bool = False  # content that no line names: a killed run's, or of a purged key
    uploaded: set[str] = field(default_factory=set)  # of the batch under way


def mirror_bucket(work: Mirroring) -> None:
    """Copy what is new; nothing is removed because it vanished from the bucket.

    Raises:
        StoreGone, StoreRefused: bucket or mirror; what was copied stays.
        MirrorSpoiled: the index cannot be read.
        Unavailable: the lease was lost.
    """
    with work.mirror.reading() as index:
        done = Copied()
        index.scratch.distrusted |= work.spoiled
        if not work.terms.dry_run:
            done.leaves_some = work.mirror.place.has(UNFINISHED)
            _mark(work)
        is_whole = _copy_all(work, index, done)
        details: dict[str, object] = {
            "versions": done.versions,
            "bytes": done.bytes,
            "uploaded": done.contents,
        }
        if is_whole:
            details["vanished"] = index.scratch.vanished()
            if not work.terms.dry_run:
                details["swept"] = _end(work, index, done)
        keys, contents, size = index.scratch.totals()
        if work.spoiled:
            details["spoiled"] = sorted(work.spoiled - done.healed)
        details |= {"mirrored_keys": keys, "mirrored_objects": contents, "mirrored_bytes": size}
        work.terms.report.details = details


def sweep(mirror: Mirror, index: MirrorIndex) -> int:
    """Remove content that no line of the index names; the lease is held. Answers how many."""
    count = 0
    for sha256 in mirror.place.contents():
        if not index.scratch.names(sha256):
            mirror.place.remove(object_name(sha256))
            count += 1
    return count


def _mark(work: Mirroring) -> None:
    work.terms.require_lease()
    work.mirror.place.put(UNFINISHED, BytesIO(b"a run copies\n"))


def _end(work: Mirroring, index: MirrorIndex, done: Copied) -> int:
    """What killed runs left goes, the index becomes one piece."""
    with work.mirror.writing(index) as lease:
        index.refresh()
        swept = sweep(work.mirror, index) if done.leaves_some else 0
        lease.require_held()
        work.terms.require_lease()
        index.compact()
        work.mirror.place.remove(UNFINISHED)
    return swept


def _copy_all(work: Mirroring, index: MirrorIndex, done: Copied) -> bool:
    """Copy batch by batch; False when a person stopped it."""
    with ThreadPoolExecutor(WORKERS, thread_name_prefix="mirror") as pool:
        for batch in _batches(_unmirrored(work, index), min(_AT_ONCE, work.terms.size)):
            if work.terms.should_stop():
                work.terms.report.left += len(batch)
                return False
            if work.terms.dry_run:
                _note(work, done, [_entry(one, sha256="") for one in batch])
                continue
            work.terms.require_lease()
            found = pool.map(lambda one: _copied(work, index, done, one), batch)
            _note(work, done, _flush(work, index, done, [entry for entry in found if entry]))
    return not work.terms.should_stop()


def _unmirrored(work: Mirroring, index: MirrorIndex) -> Iterator[ObjectVersion]:
    """The versions that the mirror does not have; every key is seen."""
    seen: list[str] = []
    for version in work.store.versions(""):
        if version.is_marker or not is_mirrored(version.key):
            continue
        seen.append(version.key)
        if len(seen) >= _LOOKED_AT:
            index.scratch.see(seen)
            work.terms.report.seen += len(seen)
            seen.clear()
            work.terms.on_batch(work.terms.report)
        if not index.scratch.knows(version.key, version.version_id, version.etag):
            yield version
    index.scratch.see(seen)
    work.terms.report.seen += len(seen)


def _batches(versions: Iterable[ObjectVersion], at_once: int) -> Iterator[list[ObjectVersion]]:
    batch: list[ObjectVersion] = []
    size = 0
    for version in versions:
        batch.append(version)
        size += version.size_bytes
        if len(batch) >= at_once or size >= _BYTES_AT_ONCE:
            yield batch
            batch, size = [], 0
    if batch:
        yield batch


def _copied(
    work: Mirroring, index: MirrorIndex, done: Copied, version: ObjectVersion
) -> MirroredVersion | None:
    """Copy one version; None when it is gone meanwhile."""
    digest = hashlib.sha256()
    with SpooledTemporaryFile(_SPOOL_BYTES) as spool:
        try:
            with work.store.read(version.key, version.version_id) as pieces:
                for piece in pieces:
                    digest.update(piece)
                    spool.write(piece)
        except NoSuchObject:
            return None
        size, sha256 = spool.tell(), digest.hexdigest()
        if not index.scratch.has_content(sha256) and sha256 not in done.uploaded:
            spool.seek(0)
            work.mirror.place.put(object_name(sha256), spool)  # type: ignore[arg-type]
            done.uploaded.add(sha256)
            done.contents += 1
    return _entry(version, sha256=sha256, size=size)


def _flush(
    work: Mirroring, index: MirrorIndex, done: Copied, entries: list[MirroredVersion]
) -> list[MirroredVersion]:
    """Write the lines; what was purged meanwhile is left out, content that went is sent anew."""
    if not entries:
        return []
    with work.mirror.writing(index) as lease:
        if index.refresh():  # somebody took keys back, or wrote the index anew
            there = [entry for entry in entries if _is_still_there(work, index, done, entry)]
            done.leaves_some |= len(there) < len(entries)
            entries = there
        lease.require_held()
        work.terms.require_lease()
        index.append(entries)
    done.healed |= done.uploaded & work.spoiled
    index.scratch.distrusted -= done.uploaded
    done.uploaded.clear()
    return entries


def _is_still_there(
    work: Mirroring, index: MirrorIndex, done: Copied, entry: MirroredVersion
) -> bool:
    same = (one for one in work.store.versions(entry.key) if one.key == entry.key)
    version = next((one for one in same if one.version_id == entry.version), None)
    if version is None:
        return False
    if not work.mirror.place.has(object_name(entry.sha256)):
        done.uploaded.discard(entry.sha256)
        return _copied(work, index, done, version) is not None
    return True


def _entry(version: ObjectVersion, *, sha256: str, size: int | None = None) -> MirroredVersion:
    return MirroredVersion(
        key=version.key,
        version=version.version_id,
        etag=version.etag,
        bytes=version.size_bytes if size is None else size,
        modified_at=version.modified_at.isoformat(),
        sha256=sha256,
    )


def _note(work: Mirroring, done: Copied, entries: list[MirroredVersion]) -> None:
    done.versions += len(entries)
    done.bytes += sum(entry.bytes for entry in entries)
    items = [Item(entry.key, None, ItemOutcome.CHANGED, "new in the bucket") for entry in entries]
    work.terms.report.add(items, seen=0)
    work.terms.on_batch(work.terms.report)
