"""A private clamd with signatures of its own: the standard test string, and one digest."""

import hashlib
import os
import socket
from contextlib import suppress
from datetime import timedelta

from savctl.adapters.clamav import ClamdScanner
from savctl.ports import ScannerUnavailable
from tests.files.making import EICAR
from tests.servers.find import ClamdProgram
from tests.servers.ports import LOOPBACK, free_port
from tests.servers.private import PrivateProgram
from tests.servers.process import GuardedProcess

NAME = "Eicar-Test-Signature"
BAD = b"this file is bad, says the test\n"
STREAM_MB = 25
CONFIGURATION = """\
Foreground yes
LogFile {folder}/clamd.log
DatabaseDirectory {folder}/signatures
TemporaryDirectory {folder}
LocalSocket {folder}/socket
LocalSocketMode 600
TCPSocket {port}
TCPAddr {address}
StreamMaxLength {stream}M
MaxThreads 4
ReadTimeout 30
SelfCheck 0
"""


class PrivateClamd(PrivateProgram):
    """One clamd; `with PrivateClamd(program) as clamd:` runs it.

    Args:
        program: what `find.clamd()` answered.
    """

    def __init__(self, program: ClamdProgram) -> None:
        super().__init__("clamd")
        self._program = program

    @property
    def tcp_url(self) -> str:
        """Its address over TCP."""
        return f"tcp://{LOOPBACK}:{self.port}"

    @property
    def unix_url(self) -> str:
        """Its address over a socket in the file system."""
        return f"unix://{self.folder}/socket"

    def heal(self) -> None:
        """Undo what a test did: thaw, start."""
        self.thaw()
        if not self.is_running:
            self.start()

    def _furnish(self) -> None:
        signatures = self.folder / "signatures"
        signatures.mkdir()
        # offset 0: the test string counts at the start of a file only
        (signatures / "own.ndb").write_text(f"{NAME}:0:0:{EICAR.hex()}\n")
        digest = hashlib.sha256(BAD).hexdigest()
        (signatures / "own.hsb").write_text(f"{digest}:{len(BAD)}:Bad-File\n")

    def _choose_ports(self) -> int:
        port = free_port()
        values = CONFIGURATION.format(
            folder=self.folder, port=port, address=LOOPBACK, stream=STREAM_MB
        )
        (self.folder / "clamd.conf").write_text(values)
        return port

    def _launch(self) -> GuardedProcess:
        with suppress(FileNotFoundError):
            (self.folder / "socket").unlink()
        return GuardedProcess(
            [str(self._program.server), "--config-file", str(self.folder / "clamd.conf")],
            folder=self.folder,
            log=self.folder / "log",
            environment=dict(os.environ, LD_LIBRARY_PATH=self._program.libraries),
        )

    def _answers(self) -> bool:
        try:
            ClamdScanner(self.unix_url, timeout=timedelta(seconds=5)).check()
            with socket.create_connection((LOOPBACK, self.port), 5):
                return True
        except (ScannerUnavailable, OSError):
            return False
