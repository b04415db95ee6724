"""MySQL's client programs under their own names, for tests that look for them on PATH."""

import shlex
from pathlib import Path

from tests.servers import find
from tests.servers.missing import missing


def mysql_client_folder(folder: Path) -> Path:
    """A folder with `mysql`, `mysqldump` and `mysqlbinlog`; skips where they are not unpacked."""
    for name, command in (find.mysql_clients() or missing("mysql")).items():
        program = folder / name
        program.write_text(f'#!/bin/sh\nexec {shlex.join(command)} "$@"\n')
        program.chmod(0o755)
    return folder
