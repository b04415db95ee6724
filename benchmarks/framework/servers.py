"""Private database servers set up as a production one would be, apart from those of the tests."""

from __future__ import annotations

import shutil
import sys
from pathlib import Path

from tests.servers import find
from tests.servers.brokers.rabbitmq import PrivateBroker
from tests.servers.databases.mysql_family import PrivateServer
from tests.servers.databases.template import new_data_folder

CACHE = find.CACHE / "bench"
_LOG = {
    find.Family.MARIADB: "--innodb-log-file-size=512M",
    find.Family.MYSQL: "--innodb-redo-log-capacity=1G",
}


class KeptServer(PrivateServer):
    """A server on a data folder that stays when the server ends; its socket is beside it."""

    def __init__(self, programs: find.Programs, data: Path) -> None:
        super().__init__(programs, durable=True, options=_options(programs, "3G"))
        self._data = data

    def _furnish(self) -> None:
        if not self._data.is_dir():
            self._data.parent.mkdir(parents=True, exist_ok=True)
            new_data_folder(self.programs, self._data)
        (self.folder / "data").symlink_to(self._data.resolve())


def durable_server(
    family: find.Family = find.Family.MARIADB, *, pool: str = "1G"
) -> PrivateServer:
    """A server that has every commit on the disk before it answers, not started yet."""
    programs = programs_of(family)
    return PrivateServer(programs, durable=True, options=_options(programs, pool))


def programs_of(family: find.Family) -> find.Programs:
    """The server's programs; ends the program where there are none."""
    programs = find.programs(family)
    if programs is None:
        sys.exit(f"benchmarks: no {family} server on this machine")
    return programs


def give_room(broker: PrivateBroker) -> None:
    """Let the broker keep what is sent: a memory alarm in the middle would be what is measured."""
    broker.ctl("set_vm_memory_high_watermark", "absolute", "4GB")


def forget(path: Path) -> None:
    """Remove what was kept, or half made."""
    if path.is_dir():
        shutil.rmtree(path)
    for left in path.parent.glob(f"{path.name}*"):
        if left.is_file():
            left.unlink()


def _options(programs: find.Programs, pool: str) -> tuple[str, ...]:
    return (
        f"--innodb-buffer-pool-size={pool}",
        _LOG[programs.family],
        "--innodb-flush-method=O_DIRECT",
        "--local-infile=ON",
    )
