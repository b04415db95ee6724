"""A private Redis server, whose entries outlive a crash."""

import os

import redis

from tests.servers.find import RedisProgram
from tests.servers.ports import LOOPBACK, free_port
from tests.servers.private import PrivateProgram
from tests.servers.process import GuardedProcess

PASSWORD = "of-this-test"  # noqa: S105 - of a private server


class PrivateRedis(PrivateProgram):
    """One server; `with PrivateRedis(program) as server:` runs it.

    Args:
        program: what `find.redis()` answered.
    """

    def __init__(self, program: RedisProgram) -> None:
        super().__init__("redis")
        self._program = program

    @property
    def url(self) -> str:
        """Its address, with the password."""
        return f"redis://:{PASSWORD}@{LOOPBACK}:{self.port}/1"

    def client(self) -> redis.Redis:
        """A client of its own, as the service has one."""
        return redis.Redis.from_url(self.url, socket_timeout=5)

    def _furnish(self) -> None:
        """It needs no file."""

    def _choose_ports(self) -> int:
        return free_port()

    def _launch(self) -> GuardedProcess:
        command = (str(self._program.server), "--port", str(self.port), "--bind", LOOPBACK)
        # what is stored outlives a crash(), as on a server that was only cut off for a while
        own = (
            "--requirepass",
            PASSWORD,
            "--appendfsync",
            "always",
            "--save",
            "",
            "--appendonly",
            "yes",
            "--dir",
        )
        return GuardedProcess(
            [*command, *own, str(self.folder)],
            folder=self.folder,
            log=self.folder / "log",
            environment=dict(os.environ, LD_LIBRARY_PATH=self._program.libraries),
        )

    def _answers(self) -> bool:
        try:
            with self.client() as client:
                return bool(client.ping())
        except (redis.RedisError, OSError):
            return False
