"""Why there is no connection, by the name that people search for."""

from __future__ import annotations

import errno
import socket
from collections.abc import Iterator


def network_words(cause: OSError) -> str:
    """`ECONNREFUSED: Connection refused`, `NXDOMAIN: Name or service not known`."""
    if isinstance(cause, socket.gaierror):
        is_unknown = cause.errno in {socket.EAI_NONAME, getattr(socket, "EAI_NODATA", None)}
        return f"{'NXDOMAIN' if is_unknown else 'DNS'}: {cause.strerror}"
    if isinstance(cause, TimeoutError):
        return f"ETIMEDOUT: {cause.strerror or 'no answer in time'}"
    name = errno.errorcode.get(cause.errno or 0, type(cause).__name__)
    return f"{name}: {cause.strerror or cause}"


def causes_of(problem: BaseException) -> Iterator[BaseException]:
    """A failure and what led to it, the nearest first; libraries nest them in several ways."""
    seen: set[int] = set()
    todo: list[object] = [problem]
    while todo and len(seen) < 30:
        one = todo.pop(0)
        if isinstance(one, BaseException) and id(one) not in seen:
            seen.add(id(one))
            yield one
            todo += [one.__cause__, one.__context__, *one.args]
            todo += [getattr(one, name, None) for name in ("reason", "original_exception")]
