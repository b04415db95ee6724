"""The JWK set of a URL, kept on disk: 10 minutes fresh, up to 24 hours while the server is away.

The file belongs to its owner alone. One that others may write, or of another owner, counts as
none. Its age is by the machine's clock, as `exp` of a token is: the clock of a command can be set
with `--at`, and old keys must not become fresh by it.
"""

from __future__ import annotations

import hashlib
import json
import os
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path

from savctl.adapters.tokens.fetching import fetched
from savctl.adapters.tokens.key_set import KeySet, key_set
from savctl.errors import SavError
from savctl.private_files import make_private_folder, private_opener

FRESH_SECONDS = 600
LONGEST_SECONDS = 24 * 3600
_PAUSE_SECONDS = 60  # between two requests, over all commands of this home


@dataclass(frozen=True, slots=True)
class _Kept:
    """A set as it was fetched; `asked_at` is when the server was last asked for an unknown `kid`,
    or failed."""

    text: str
    fetched_at: float
    asked_at: float


def keys_of_url(url: str, kid: str | None, *, folder: Path, warn: Callable[[str], None]) -> KeySet:
    """The keys of this address: the kept ones, or those of the server.

    An unknown `kid` asks the server at once, though at most once a minute.

    Raises:
        Unavailable: the server does not answer, and nothing is kept.
        ConfigurationError: it answers something else than keys, and nothing is kept.
    """
    path, now = cache_path(url, folder), time.time()
    kept = _read(path)
    known = _usable(kept, url, now)
    is_fresh = False
    if kept is not None and known is not None:
        is_fresh = now - kept.fetched_at < FRESH_SECONDS
        if is_fresh and known.find(kid) is not None:
            return known
        if 0 <= now - kept.asked_at < _PAUSE_SECONDS:
            return known
    try:
        text = fetched(url)
        found = key_set(text, place=url)
    except SavError as problem:
        if kept is None or known is None:
            raise
        _write(path, replace(kept, asked_at=now))
        minutes = int((now - kept.fetched_at) // 60)
        warn(f"{problem.message}; the keys of {minutes} min ago are used")
        return known
    is_for_kid = is_fresh or found.find(kid) is None
    before = 0.0 if kept is None else kept.asked_at
    _write(path, _Kept(text, now, now if is_for_kid else before))
    return found


def cache_path(url: str, folder: Path) -> Path:
    """Where the set of this address is kept."""
    return folder / f"jwks-{hashlib.sha256(url.encode()).hexdigest()[:16]}.json"


def kept_seconds(url: str, folder: Path) -> float | None:
    """How old the kept set of this address is; None when none is kept."""
    kept = _read(cache_path(url, folder))
    return None if kept is None else time.time() - kept.fetched_at


def _usable(kept: _Kept | None, url: str, now: float) -> KeySet | None:
    if kept is None or not 0 <= now - kept.fetched_at < LONGEST_SECONDS:
        return None
    try:
        return key_set(kept.text, place=url)
    except SavError:
        return None


def _read(path: Path) -> _Kept | None:
    try:
        with path.open(encoding="utf-8") as file:
            status = os.fstat(file.fileno())
            if status.st_uid != os.geteuid() or status.st_mode & 0o022:
                return None
            stored = json.load(file)
        return _Kept(str(stored["set"]), float(stored["fetched_at"]), float(stored["asked_at"]))
    except (OSError, ValueError, TypeError, KeyError, RecursionError):
        return None


def _write(path: Path, kept: _Kept) -> None:
    """Keep it; a home that cannot be written to costs a request for each command, no more."""
    text = json.dumps({"set": kept.text, "fetched_at": kept.fetched_at, "asked_at": kept.asked_at})
    part = path.with_name(f".{path.name}.{os.getpid()}")
    with suppress(OSError):
        make_private_folder(path.parent)
        try:
            with open(part, "w", encoding="utf-8", opener=private_opener) as file:
                file.write(text)
            part.replace(path)
        finally:
            part.unlink(missing_ok=True)
