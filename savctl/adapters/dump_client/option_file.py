"""The password for a client program: in a file of mode 0600, for as long as the program runs.

It is never an argument or a variable: those are seen by others. A killed savctl leaves its folder;
the next one removes the folders of processes that are gone.
"""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from savctl.ports.dump_client import ServerAddress
from savctl.private_files import private_opener

_PREFIX = "savctl-client-"


@contextmanager
def option_file(address: ServerAddress) -> Iterator[Path]:
    """The file; it and its folder are gone after the block."""
    _remove_left()
    folder = Path(tempfile.mkdtemp(prefix=f"{_PREFIX}{os.getpid()}-"))
    try:
        path = folder / "client.cnf"
        with open(path, "x", encoding="utf-8", opener=private_opener) as stream:
            stream.write(_text(address))
        yield path
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def environment(home: Path) -> dict[str, str]:
    """What a client gets: no variable of savctl's, and no option file of a person."""
    kept = {name: os.environ[name] for name in ("PATH", "LD_LIBRARY_PATH") if name in os.environ}
    return {**kept, "HOME": str(home), "LC_ALL": "C.UTF-8", "TZ": "UTC"}


def _text(address: ServerAddress) -> str:
    values = {
        "user": address.user,
        "password": address.password,
        "loose-default-character-set": "utf8mb4",  # who reads binary logs knows none
    }
    if address.socket is not None:
        values["socket"] = address.socket
    else:
        values |= {"host": address.host, "port": str(address.port), "protocol": "tcp"}
    lines = [f"{name}={_quoted(value)}" for name, value in (values | dict(address.tls)).items()]
    return "\n".join(("[client]", *lines, ""))


def _quoted(value: str) -> str:
    """As the client's own reader takes it; a line break would begin another option."""
    steps = (("\\", "\\\\"), ('"', '\\"'), ("\n", "\\n"), ("\r", "\\r"), ("\t", "\\t"))
    for plain, written in steps:
        value = value.replace(plain, written)
    return f'"{value}"'


def _remove_left() -> None:
    for folder in Path(tempfile.gettempdir()).glob(f"{_PREFIX}*"):
        number = folder.name.removeprefix(_PREFIX).partition("-")[0]
        with suppress(OSError, ValueError):
            if folder.stat().st_uid == os.getuid() and not Path(f"/proc/{int(number)}").exists():
                shutil.rmtree(folder, ignore_errors=True)
