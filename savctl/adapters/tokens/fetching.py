"""One request for a JWK set: no redirect, little time, little room."""

from __future__ import annotations

import http.client
import time
import urllib.error
import urllib.request
from typing import Any

from savctl.errors import Unavailable

_SECONDS = 5.0
_MOST_BYTES = 1024 * 1024
_PIECE = 64 * 1024


class _NoRedirect(urllib.request.HTTPRedirectHandler):
    """Keys are taken from the address that was configured, from no other."""

    def redirect_request(self, *_: Any) -> None:
        """No further request."""


def fetched(url: str, *, seconds: float = _SECONDS) -> str:
    """What the server answers.

    Raises:
        Unavailable: it does not answer in time, redirects, fails, or answers too much.
    """
    deadline = time.monotonic() + seconds
    opener = urllib.request.build_opener(_NoRedirect)
    try:
        with opener.open(url, timeout=seconds) as answer:
            return _read(answer, deadline).decode(errors="replace")
    except urllib.error.HTTPError as problem:
        problem.close()
        raise _unavailable(f"answers {problem.code}") from None
    except (OSError, http.client.HTTPException, ValueError) as problem:
        why = getattr(problem, "reason", problem)
        is_late = isinstance(problem, TimeoutError) or isinstance(why, TimeoutError)
        raise _unavailable("does not answer in time" if is_late else "cannot be read") from None


def _read(answer: Any, deadline: float) -> bytes:
    pieces = bytearray()
    while piece := answer.read1(_PIECE):
        pieces += piece
        if len(pieces) > _MOST_BYTES:
            raise ValueError("too long")
        if time.monotonic() > deadline:
            raise TimeoutError
    return bytes(pieces)


def _unavailable(why: str) -> Unavailable:
    return Unavailable(
        f"token_jwks: the server of the keys {why}", hint="Check token_jwks, then try again."
    )
