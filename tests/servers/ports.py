"""Free loopback ports."""

import errno
import secrets
import socket
from pathlib import Path

LOOPBACK = "127.0.0.1"
LOWEST = 15_000
EPHEMERAL = Path("/proc/sys/net/ipv4/ip_local_port_range")
ATTEMPTS = 200


def free_port() -> int:
    """A loopback port nobody listens on.

    It lies below the range the kernel hands to outgoing connections, so that a server that was
    killed finds its port still free. Chosen by chance, and not by `random`, which the test
    runner seeds: two runs at once would choose the same ones.

    Raises:
        OSError: none found.
    """
    highest = _first_ephemeral() - 1
    for _ in range(ATTEMPTS):
        port = LOWEST + secrets.randbelow(max(1, highest - LOWEST))
        if _is_free(port):
            return port
    raise OSError(errno.EADDRINUSE, f"no free port between {LOWEST} and {highest}")


def free_ports(count: int) -> tuple[int, ...]:
    """Different free ports."""
    found: set[int] = set()
    while len(found) < count:
        found.add(free_port())
    return tuple(found)


def is_taken(port: int) -> bool:
    """Whether somebody accepts connections on this loopback port."""
    with socket.socket() as visitor:
        return visitor.connect_ex((LOOPBACK, port)) == 0


def _first_ephemeral() -> int:
    try:
        return int(EPHEMERAL.read_text().split()[0])
    except (OSError, ValueError, IndexError):
        return 32_768


def _is_free(port: int) -> bool:
    with socket.socket() as candidate:
        candidate.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            candidate.bind((LOOPBACK, port))
        except OSError:
            return False
    return True
