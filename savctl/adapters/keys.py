"""Keys out of a file that its owner alone may read, or out of a program (rules 13.1)."""

from __future__ import annotations

import os
import time
from pathlib import Path

from savctl.domain.encryption.keys import KEY_BYTES, KeyRing, KeysUnusable, is_key_name, read_keys
from savctl.errors import InvalidInput, Refused
from savctl.private_files import FILE_MODE

_TOO_OPEN = 0o177  # more than its owner's reading and writing
_PROGRAM_SECONDS = 30
_KEPT_SECONDS = 300  # of what a program printed; a scheduler runs for months


class KeysFile:
    """A file of keys; it is read again when it has changed."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._seen: tuple[int, ...] = ()
        self._keys: KeyRing | None = None

    def keys(self) -> KeyRing:
        """All keys of the file.

        Raises:
            KeysUnusable: it is gone, malformed, or others may read it.
        """
        try:
            found = self.path.stat()
        except OSError as problem:
            raise self._unreadable(problem) from None
        if found.st_mode & _TOO_OPEN:
            raise KeysUnusable(
                f"keys_file {self.path} has mode {found.st_mode & 0o777:04o}: others may read it",
                hint=f"Run 'chmod 600 {self.path}'.",
            )
        seen = (found.st_mtime_ns, found.st_size, found.st_ino)
        if self._keys is None or seen != self._seen:
            self._keys, self._seen = self._read(), seen
        return self._keys

    def add(self, kid: str, *, dry_run: bool = False) -> None:
        """Make a new key of this name, the current one from now on.

        Raises:
            InvalidInput: no key may have this name.
            Refused: there is one of this name.
            KeysUnusable: the file cannot be used as it is.
        """
        import fcntl

        if not is_key_name(kid):
            raise InvalidInput(
                f"--kid {kid[:80]!r}: the name of a key has 1 to 64 of A-Z a-z 0-9 . _ -"
            )
        if dry_run and not self.path.exists():
            return
        try:
            flags = os.O_RDWR | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC
            descriptor = os.open(self.path, flags, FILE_MODE)
        except OSError as problem:
            raise KeysUnusable(
                f"keys_file {self.path} cannot be written: {problem.strerror}",
                hint="Make its folder, and let the user who runs savctl write there.",
            ) from None
        with os.fdopen(descriptor, "r+b") as file:
            fcntl.flock(file, fcntl.LOCK_EX)
            stored = file.read()
            if stored.strip() and kid in self.keys().keys:
                raise Refused(
                    f"keys_file {self.path} has a key {kid} already",
                    hint="Give the new key another name.",
                    kid=kid,
                )
            if not dry_run:
                if not stored.strip():  # somebody made an empty one, maybe open to others
                    os.fchmod(descriptor, FILE_MODE)
                os.write(descriptor, _new_line(kid, after=stored))  # all of it at once
                os.fsync(descriptor)

    def _read(self) -> KeyRing:
        try:
            text = self.path.read_text(encoding="utf-8-sig")
        except OSError as problem:
            raise self._unreadable(problem) from None
        except UnicodeDecodeError:
            raise KeysUnusable(f"keys_file {self.path} is not text") from None
        return read_keys(text, source=f"keys_file {self.path}")

    def _unreadable(self, problem: OSError) -> KeysUnusable:
        return KeysUnusable(
            f"keys_file {self.path} cannot be read: {problem.strerror}",
            hint="Restore the file, or run 'savctl keys generate --kid NAME' to begin a new one.",
        )


def _new_line(kid: str, *, after: bytes) -> bytes:
    from base64 import b64encode

    glue = b"\n" if after and not after.endswith(b"\n") else b""
    return glue + kid.encode() + b" " + b64encode(os.urandom(KEY_BYTES)) + b"\n"


class KeysCommand:
    """A program that prints the keys as a file has them; it is run again after five minutes."""

    def __init__(self, command: str) -> None:
        self._command = command
        self._read_at = 0.0
        self._found: KeyRing | KeysUnusable | None = None

    def keys(self) -> KeyRing:
        """All keys that the program printed.

        Raises:
            KeysUnusable: it cannot be run, failed, or printed no keys.
        """
        if self._found is None or time.monotonic() - self._read_at > _KEPT_SECONDS:
            try:
                self._found = self._run()
            except KeysUnusable as problem:
                self._found = problem
            self._read_at = time.monotonic()
        if isinstance(self._found, KeysUnusable):
            raise self._found
        return self._found

    def _run(self) -> KeyRing:
        """What it prints is secret, so an error repeats none of it."""
        import shlex
        import subprocess

        others = {name: v for name, v in os.environ.items() if not name.startswith("SAVCTL_TOKEN")}
        try:
            words = shlex.split(self._command)
            done = subprocess.run(  # noqa: S603 - the operator's own setting, without a shell
                words,
                env=others,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
                timeout=_PROGRAM_SECONDS,
                check=False,
            )
            text = done.stdout.decode()
        except (OSError, ValueError, IndexError, subprocess.TimeoutExpired) as problem:
            why = getattr(problem, "strerror", None) or type(problem).__name__
            raise KeysUnusable(f"keys_command cannot be used: {why}") from None
        if done.returncode:
            raise KeysUnusable(f"keys_command ended with exit code {done.returncode}")
        return read_keys(text, source="the output of keys_command")
