"""Unpack Prometheus into `.cache/prometheus/root`, without installing anything.

Installed, Debian's package would add a user and start a service. Unpacked it is two programs,
`prometheus` and `promtool`. Installed ones are used instead.

usage: python -m tests.servers.install.prometheus_unpack     (always succeeds)
"""

import shutil
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from tests.servers.install.apt_unpack import CannotUnpack, unpack
from tests.servers.install.notice import say, warn_of_missing

PACKAGE = "prometheus"
ROOT = Path(__file__).resolve().parents[3] / ".cache" / "prometheus" / "root"
DPKG_STATUS = Path("/var/lib/dpkg/status")


@dataclass(frozen=True, slots=True)
class PrometheusPrograms:
    """The server, and the tool that checks rules and metrics."""

    server: Path
    tool: Path


@cache
def find_prometheus() -> PrometheusPrograms | None:
    """Those that were unpacked, else those of this machine."""
    found = [
        ROOT / "usr" / "bin" / name if (ROOT / "usr" / "bin" / name).is_file() else _on_path(name)
        for name in ("prometheus", "promtool")
    ]
    server, tool = found
    return None if server is None or tool is None else PrometheusPrograms(server, tool)


def _on_path(name: str) -> Path | None:
    path = shutil.which(name)
    return None if path is None else Path(path)


def main() -> None:
    """Unpack what is missing; tell in any case what comes of it."""
    if find_prometheus() is not None:
        return
    say("unpacking Prometheus for the tests")
    reason = "unpacked, and still not found; `make clean` removes it"
    installed = DPKG_STATUS.read_text(errors="replace") if DPKG_STATUS.is_file() else ""
    try:
        unpack(PACKAGE, ROOT, installed=installed)
    except CannotUnpack as failure:
        reason = str(failure)
    find_prometheus.cache_clear()
    if find_prometheus() is None:
        warn_of_missing("prometheus", reason, packages=(PACKAGE,))


if __name__ == "__main__":
    main()
