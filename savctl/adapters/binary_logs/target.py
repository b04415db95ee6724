"""Logs replayed into a server: its reader makes statements of them, its client runs those.

One client runs the statements of all logs, because what a session holds may reach over the end
of a log. Names are looked at on the way: where another database than the logs' own is written, a
statement that names that one itself would change it, and ends the replay.
"""

from __future__ import annotations

import re
import subprocess
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from threading import Thread
from typing import IO

from savctl.adapters.binary_logs.processes import Client, client
from savctl.adapters.dump_client.option_file import option_file
from savctl.adapters.dump_client.programs import log_reader, statement_client
from savctl.domain.backup.event_headers import before
from savctl.errors import SavError
from savctl.ports.binary_logs import LogUnavailable, ReplayFailed
from savctl.ports.dump_client import ServerAddress

_PIECE_BYTES = 256 * 1024
# MariaDB's reader gives each transaction its old number: a server that logs what is replayed
# would have the number twice.
_GTID = re.compile(
    rb"^/\*M!\d+ SET @@session\.(?:gtid_seq_no|gtid_domain_id|server_id)=\d+\*//\*!\*/;\n",
    re.MULTILINE,
)
_LOST = ("Lost connection", "gone away", "Can't connect", "server during query")


class ReplayTarget:
    """The server at an address."""

    def __init__(self, address: ServerAddress) -> None:
        self._address = address

    @contextmanager
    def session(self, database: str, *, origin: str) -> Iterator[_Session]:
        """A client that runs what is replayed, in the order it comes."""
        family = self._address.family
        reader, program = log_reader(family), statement_client(family)
        with option_file(self._address) as options:
            command = [
                *(program, f"--defaults-file={options}", "--binary-mode", "--batch"),
                *("--default-character-set=utf8mb4", "--max-allowed-packet=1G", database),
            ]
            with client(command, stdin=subprocess.PIPE) as shell:
                session = _Session(reader, shell, database, origin)
                session.is_mariadb = family == "mariadb"
                yield session
                session.finish()


class _Session:
    """One client, and what of the logs it gets."""

    def __init__(self, reader: str, shell: Client, database: str, origin: str) -> None:
        self.is_mariadb = True
        self._reader = reader
        self._shell = shell
        self._database = database
        self._origin = origin

    def apply(self, pieces: Iterable[bytes], *, start: int, stop: int | None) -> None:
        """Replay one log."""
        with client(self._command(start), stdin=subprocess.PIPE, stdout=subprocess.PIPE) as reader:
            wanted = pieces if stop is None else before(pieces, stop)
            feeder = _Feeder(wanted, _stream(reader.process.stdin))
            feeder.start()
            self._pass(_stream(reader.process.stdout))
            feeder.join()
            if feeder.problem is not None:
                raise feeder.problem
            if reader.wait() != 0:
                raise ReplayFailed(f"the log cannot be read: {reader.trouble}")

    def finish(self) -> None:
        """Wait until the server has taken everything."""
        with suppress(OSError):
            _stream(self._shell.process.stdin).close()
        if self._shell.wait() != 0:
            raise self._failure()

    def _command(self, start: int) -> list[str]:
        """MariaDB's reader compares names before it changes them, MySQL's afterwards.

        MySQL's server leaves out transactions whose numbers it has seen.
        """
        other = self._database != self._origin
        wanted = self._origin if self.is_mariadb else self._database
        return [
            *(self._reader, "--no-defaults", f"--database={wanted}"),
            *([] if self.is_mariadb else ["--skip-gtids"]),
            *([f"--rewrite-db={self._origin}->{self._database}"] if other else []),
            *(["--disable-log-bin"] if other else []),
            *(f"--start-position={start}", "-"),
        ]

    def _pass(self, statements: IO[bytes]) -> None:
        names = _Names(self._origin if self._database != self._origin else None)
        stdin = _stream(self._shell.process.stdin)
        try:
            for lines in _whole_lines(statements):
                names.require_free(lines)
                stdin.write(_GTID.sub(b"", lines))
            stdin.flush()
        except BrokenPipeError:
            self._shell.wait()
            raise self._failure() from None

    def _failure(self) -> SavError:
        trouble = self._shell.trouble
        if any(sign in trouble for sign in _LOST):
            return LogUnavailable(f"the server broke off during the replay: {trouble}")
        return ReplayFailed(f"the server refuses a change that is replayed: {trouble}")


class _Feeder(Thread):
    """Writes a log into its reader while the statements are taken at the other end."""

    def __init__(self, pieces: Iterable[bytes], stdin: IO[bytes]) -> None:
        super().__init__(daemon=True)
        self._pieces = pieces
        self._stdin = stdin
        self.problem: BaseException | None = None

    def run(self) -> None:
        """Until the log ends, or the reader has what it wants."""
        try:
            for piece in self._pieces:
                self._stdin.write(piece)
        except BrokenPipeError:
            return
        except BaseException as problem:
            self.problem = problem
        finally:
            with suppress(OSError):
                self._stdin.close()


class _Names:
    """Looks for statements that name the database of the logs, over the ends of pieces."""

    def __init__(self, origin: str | None) -> None:
        name = re.escape((origin or "").encode())
        self._named = re.compile(rb"(?<![\w$])`?" + name + rb"`?[ \t]*\.[ \t]*[`\w]")
        self._is_looking = origin is not None
        self._kept = b""
        self._origin = origin

    def require_free(self, piece: bytes) -> None:
        """Pass while nothing names it.

        Raises:
            ReplayFailed: a statement does.
        """
        if not self._is_looking:
            return
        found = self._named.search(self._kept + piece)
        if found is not None:
            raise ReplayFailed(
                f"a statement of the logs names the database {self._origin} itself: to replay it "
                "elsewhere would change that one",
                hint="Restore to a moment before it, or into a server of its own.",
            )
        self._kept = (self._kept + piece)[-256:]


def _whole_lines(statements: IO[bytes]) -> Iterator[bytes]:
    """What comes, cut behind ends of lines."""
    kept = b""
    while piece := statements.read1(_PIECE_BYTES):  # type: ignore[attr-defined]
        end = piece.rfind(b"\n") + 1
        if end:
            yield kept + piece[:end]
            kept = piece[end:]
        else:
            kept += piece
    if kept:
        yield kept


def _stream(stream: IO[bytes] | None) -> IO[bytes]:
    if stream is None:
        raise TypeError("the program was started without this pipe")
    return stream
