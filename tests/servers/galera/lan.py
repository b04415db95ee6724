"""A private network of some hosts on this machine: namespaces joined by a switch."""

import os
import secrets
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import Self

from tests.servers.galera import switch
from tests.servers.process import GuardedProcess

READY_WITHIN = 30.0


def why_impossible() -> str | None:
    """Why this machine cannot have private networks; None where it can."""
    if sys.platform != "linux" or os.geteuid() != 0:
        return "network namespaces need root on Linux"
    if shutil.which("ip") is None:
        return "there is no ip command (package iproute2)"
    if not Path("/dev/net/tun").exists():
        return "there is no /dev/net/tun"
    name = f"savctl-{secrets.token_hex(4)}"
    tried = subprocess.run(
        ["ip", "netns", "add", name], capture_output=True, text=True, check=False
    )
    if tried.returncode:
        return f"no network namespaces: {tried.stderr.strip()}"
    subprocess.run(["ip", "netns", "del", name], check=False)
    return None


class PrivateLan:
    """Some hosts, each with an address; `with PrivateLan(3) as lan:` runs them."""

    def __init__(self, hosts: int) -> None:
        mark = secrets.token_hex(4)
        self.namespaces = [f"savctl-{mark}-{number}" for number in range(1, hosts + 1)]
        self.folder = Path()
        self._switch: GuardedProcess | None = None

    def __enter__(self) -> Self:
        self.folder = Path(tempfile.mkdtemp(prefix="savctl-lan-"))
        try:
            for name in self.namespaces:
                subprocess.run(["ip", "netns", "add", name], check=True)
            command = (sys.executable, switch.__file__, str(self._control), *self.namespaces)
            self._switch = GuardedProcess(command, folder=self.folder, log=self.folder / "log")
            self._wait_until_ready()
        except BaseException:
            self.__exit__(None, None, None)
            raise
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self._switch is not None:
            self._switch.kill()
        for name in self.namespaces:
            subprocess.run(["ip", "netns", "del", name], capture_output=True, check=False)
        shutil.rmtree(self.folder, ignore_errors=True)

    def address(self, number: int) -> str:
        """The address of a host, from 1."""
        return f"{switch.NETWORK}.{number}"

    def inside(self, number: int, *command: str) -> list[str]:
        """The command that runs `command` on this host."""
        return ["ip", "netns", "exec", self.namespaces[number - 1], *command]

    def delay(self, seconds: float) -> None:
        """Let every packet be so long on its way."""
        self._order(f"delay {seconds}")

    def cut(self, number: int) -> None:
        """Let this host hear nobody, and nobody hear it."""
        self._order(f"cut {number}")

    def join(self, number: int) -> None:
        """Connect it again."""
        self._order(f"join {number}")

    @property
    def _control(self) -> Path:
        return self.folder / "control"

    def _order(self, command: str) -> None:
        with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as line:
            line.settimeout(READY_WITHIN)
            line.connect(str(self._control))
            line.sendall(command.encode())
            line.recv(10)

    def _wait_until_ready(self) -> None:
        give_up = time.monotonic() + READY_WITHIN
        while time.monotonic() < give_up:
            with suppress(OSError):
                return self._order("ping")
            time.sleep(0.05)
        raise RuntimeError(f"no private network: {(self.folder / 'log').read_text()}")
