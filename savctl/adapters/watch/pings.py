"""The dead man's switch: a request when a job begins and when it has ended (rules 18.7).

The form is that of healthchecks.io: `/start` behind the address at the beginning, nothing at
success, `/fail` with the exit code as its body otherwise.

Each request has a thread of its own, so no job waits for one. Those of one job go out in their
order, as long as the server answers: one that is still being tried is given up when a newer one
is there, because a beginning that arrives after the end looks like a job that never ends.
"""

from __future__ import annotations

import contextvars
import http.client
import time
import urllib.error
import urllib.request
from collections.abc import Callable
from threading import Lock, Thread, current_thread
from urllib.parse import quote, urlsplit, urlunsplit

from savctl import __version__
from savctl.adapters.watch.limited_request import limited_opener

SECONDS = 5.0  # in all, from the moment a request is asked for
_BEHIND_ANOTHER_SECONDS = 1.0
_TRIES_SECONDS = (2.0, 1.0, 0.5)
_PAUSE_SECONDS = 0.1
Outcome = Callable[[str | None], None]


def ping_address(template: str, job: str, ending: str) -> str:
    """The address for a job: `{job}` is replaced, the ending stands before a query."""
    parts = urlsplit(template.replace("{job}", quote(job, safe="")))
    return urlunsplit(parts._replace(path=parts.path.rstrip("/") + ending))


class Pings:
    """The requests of one process; its threads share it."""

    def __init__(self, template: str) -> None:
        self._template = template
        self._newest: dict[str, Thread] = {}
        self._until = 0.0
        self._lock = Lock()

    def begin(self, job: str, outcome: Outcome) -> None:
        """Report that a run has begun; `outcome` is called with what went wrong, or None."""
        self._send(job, "/start", None, outcome)

    def end(self, job: str, exit_code: int, outcome: Outcome) -> None:
        """Report how a run ended."""
        if exit_code == 0:
            self._send(job, "", None, outcome)
        else:
            self._send(job, "/fail", f"exit code {exit_code}".encode(), outcome)

    def wait(self) -> None:
        """Wait for what is under way, to the end of its time: the process is about to end."""
        with self._lock:
            under_way = list(self._newest.values())
        for thread in under_way:
            thread.join(max(0.0, self._until - time.monotonic()))

    def _send(self, job: str, ending: str, body: bytes | None, outcome: Outcome) -> None:
        url = ping_address(self._template, job, ending)
        with self._lock:
            before = self._newest.get(job)
            context = contextvars.copy_context()  # the fields of the log: the run's number
            thread = Thread(
                target=context.run,
                args=(self._deliver, job, url, body, before, outcome),
                name=f"ping {job}",
                daemon=True,  # a server that drips holds up the end of the process no longer
            )
            self._newest[job] = thread
            self._until = time.monotonic() + SECONDS
            thread.start()

    def _deliver(
        self, job: str, url: str, body: bytes | None, before: Thread | None, outcome: Outcome
    ) -> None:
        if before is not None:
            before.join(_BEHIND_ANOTHER_SECONDS)
        problem: str | None = None
        for seconds in _TRIES_SECONDS:
            problem = _tried(url, body, seconds)
            if problem is None:
                break
            time.sleep(_PAUSE_SECONDS)
            if self._newest[job] is not current_thread():
                return
        outcome(problem)


def _tried(url: str, body: bytes | None, seconds: float) -> str | None:
    """What went wrong with one request; never the address, which is a secret."""
    headers = {"User-Agent": f"savctl/{__version__}"}
    request = urllib.request.Request(url, data=body, headers=headers)  # noqa: S310 - checked
    try:
        with limited_opener().open(request, timeout=seconds):
            return None
    except urllib.error.HTTPError as problem:
        problem.close()
        return f"answers {problem.code}"
    except (OSError, http.client.HTTPException, ValueError) as problem:
        why = getattr(problem, "reason", problem)
        is_late = isinstance(problem, TimeoutError) or isinstance(why, TimeoutError)
        return "does not answer in time" if is_late else "cannot be reached"
