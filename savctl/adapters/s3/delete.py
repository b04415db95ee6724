"""DeleteObjects: so many keys at once, and errors per key in an answer with status 200."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator
from itertools import islice
from typing import Any

from savctl.adapters.s3.errors import may_pass
from savctl.ports.objects import KeyFailure

_ATTEMPTS = 4
_FIRST_PAUSE_SECONDS = 0.1
_GONE_ALREADY = frozenset({"NoSuchKey", "NoSuchVersion"})

Named = dict[str, str]  # Key, and VersionId where a version is meant


def delete_all(
    client: Any,
    bucket: str,
    names: Iterable[Named],
    *,
    at_once: int,
    sleep: Callable[[float], None] = time.sleep,
) -> list[KeyFailure]:
    """Delete in bounded requests; answers each key that could not be done, once.

    What the server calls a passing trouble is tried again, only for the keys that had it.
    """
    failures: dict[str, KeyFailure] = {}
    todo = iter(names)
    while chunk := list(islice(todo, at_once)):
        for failure in _delete(client, bucket, chunk, sleep):
            failures[failure.key] = failure
    return list(failures.values())


def _delete(
    client: Any, bucket: str, chunk: list[Named], sleep: Callable[[float], None]
) -> Iterator[KeyFailure]:
    for attempt in range(1, _ATTEMPTS + 1):
        answer = client.delete_objects(Bucket=bucket, Delete={"Objects": chunk, "Quiet": True})
        again = []
        for error in answer.get("Errors", ()):
            code = str(error.get("Code", ""))
            if may_pass(code) and attempt < _ATTEMPTS:
                again.append(_named(error))
            elif code not in _GONE_ALREADY:
                yield KeyFailure(error["Key"], f"{code}: {error.get('Message', '')}")
        if not again:
            return
        chunk = again
        sleep(_FIRST_PAUSE_SECONDS * 2**attempt)


def _named(error: dict[str, Any]) -> Named:
    return {name: error[name] for name in ("Key", "VersionId") if error.get(name)}
