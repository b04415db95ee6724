"""Three nodes that are one database."""

import shutil
import tempfile
import time
from pathlib import Path
from types import TracebackType
from typing import Self

from tests.servers.find import Programs
from tests.servers.galera.lan import PrivateLan
from tests.servers.galera.node import GaleraNode

SYNCED_WITHIN = 60.0


class PrivateGalera:
    """A cluster on a private network; `with PrivateGalera(programs, library) as cluster:`."""

    def __init__(self, programs: Programs, library: Path, *, nodes: int = 3) -> None:
        self.lan = PrivateLan(nodes)
        self.nodes: list[GaleraNode] = []
        self._programs = programs
        self._library = library

    def __enter__(self) -> Self:
        self.lan.__enter__()
        seed = Path(tempfile.mkdtemp(prefix="savctl-galera-seed-"))
        try:
            self._make(seed)
        except BaseException:
            self.__exit__(None, None, None)
            raise
        finally:
            shutil.rmtree(seed, ignore_errors=True)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        for node in self.nodes:
            node.crash()
            node.stop()
        self.lan.__exit__(None, None, None)

    def heal(self) -> None:
        """Join every host, start every node, and wait until all take part."""
        self.lan.delay(0)
        for node in self.nodes:
            self.lan.join(node.number)
            node.thaw()
        for node in self.nodes:
            if not node.is_running:
                node.start()
        self.wait_until_whole()

    def wait_until_whole(self) -> None:
        """Wait until all nodes take part again."""
        give_up = time.monotonic() + SYNCED_WITHIN
        while not all(node.is_synced for node in self.nodes):
            if time.monotonic() > give_up:
                raise RuntimeError("the cluster did not come together again")
            time.sleep(0.1)

    def _make(self, seed: Path) -> None:
        """The others begin with a copy of the first one's data."""
        for number in range(1, len(self.lan.namespaces) + 1):
            there = seed / "data" if number > 1 else None
            self.nodes.append(GaleraNode(self._programs, self._library, self.lan, number, there))
        first, *others = self.nodes
        first.makes_cluster = True
        first.start()
        first._halt()
        first.copy_data(seed / "data")
        first.start()
        first.makes_cluster = False
        for node in others:
            node.start()
        self.wait_until_whole()
