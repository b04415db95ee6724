"""A process that dies between the headers of a request and its content."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable, Mapping
from functools import partial

from botocore.awsrequest import AWSConnection

from tests.crash.fork_server import Process
from tests.crash.processes import PATIENCE_SECONDS

CONTENT = b"x" * 5_000


def killed_before_the_content(write: Callable[[], None], environment: Mapping[str, str]) -> bool:
    """Let a process `write` CONTENT; whether it was killed when all but that was sent."""
    with Process(partial(_write, write), environment) as writer:
        return writer.wait(PATIENCE_SECONDS) == -signal.SIGKILL


def _write(write: Callable[[], None]) -> None:
    real = AWSConnection.send

    def send(line: AWSConnection, data: object) -> None:
        if data == CONTENT:
            os.kill(os.getpid(), signal.SIGKILL)
        real(line, data)

    AWSConnection.send = send
    write()
