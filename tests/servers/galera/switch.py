"""Carry packets between network namespaces, later or not at all.

usage: switch.py CONTROL NAMESPACE...      (root)

Each namespace gets a device `lan` with the address 10.77.0.N, N from 1. CONTROL is the socket of
commands: `delay SECONDS` (one way), `cut N`, `join N`, `ping`.
"""

import ctypes
import fcntl
import heapq
import os
import selectors
import socket
import struct
import subprocess
import sys
import time
from pathlib import Path

NETWORK = "10.77.0"
CLONE_NEWNET = 0x4000_0000
TUNSETIFF = 0x4004_54CA
IFF_TUN, IFF_NO_PI = 0x0001, 0x1000
DESTINATION = 19  # the last byte of the receiver's address in an IPv4 header
SOURCE = 15
MTU = 60_000


def device_in(namespace: str, number: int) -> int:
    """A device in the namespace with the address of this number; its packets come to us."""
    libc = ctypes.CDLL(None, use_errno=True)
    home = os.open("/proc/self/ns/net", os.O_RDONLY)
    there = os.open(f"/run/netns/{namespace}", os.O_RDONLY)
    if libc.setns(there, CLONE_NEWNET):
        raise OSError(ctypes.get_errno(), f"cannot enter {namespace}")
    try:
        device = os.open("/dev/net/tun", os.O_RDWR | os.O_NONBLOCK)
        fcntl.ioctl(device, TUNSETIFF, struct.pack("16sH22x", b"lan", IFF_TUN | IFF_NO_PI))
        for words in (
            f"addr add {NETWORK}.{number}/24 dev lan",
            f"link set lan mtu {MTU} up",
            "link set lo up",
        ):
            subprocess.run(["ip", *words.split()], check=True)
    finally:
        libc.setns(home, CLONE_NEWNET)
        os.close(home)
        os.close(there)
    return device


class Switch:
    """Packets on their way between the devices."""

    def __init__(self, devices: list[int]) -> None:
        self._devices = dict(enumerate(devices, start=1))
        self._cut: set[int] = set()
        self._delay = 0.0
        self._waiting: list[tuple[float, int, int, bytes]] = []
        self._count = 0

    def obey(self, command: str) -> None:
        """Do what the control socket asks for."""
        verb, _, value = command.partition(" ")
        if verb == "delay":
            self._delay = float(value)
        elif verb == "cut":
            self._cut.add(int(value))
        elif verb == "join":
            self._cut.discard(int(value))

    def take(self, device: int) -> None:
        """Read what a host sends."""
        for _ in range(64):
            try:
                packet = os.read(device, MTU + 100)
            except BlockingIOError:
                return
            if len(packet) > DESTINATION and packet[0] >> 4 == 4:
                self._count += 1
                due = time.monotonic() + self._delay
                entry = (due, self._count, packet[DESTINATION], packet)
                if self._delay or self._waiting:
                    heapq.heappush(self._waiting, entry)
                else:
                    self._deliver(packet[DESTINATION], packet)

    def deliver_due(self) -> float | None:
        """Hand on what has waited long enough; in how many seconds the next one is due."""
        while self._waiting and self._waiting[0][0] <= time.monotonic():
            _, _, receiver, packet = heapq.heappop(self._waiting)
            self._deliver(receiver, packet)
        return max(0.0, self._waiting[0][0] - time.monotonic()) if self._waiting else None

    def _deliver(self, receiver: int, packet: bytes) -> None:
        if receiver in self._devices and not {receiver, packet[SOURCE]} & self._cut:
            try:
                os.write(self._devices[receiver], packet)
            except BlockingIOError:
                return  # a full queue loses packets, and TCP sends them again


def main(control: Path, namespaces: list[str]) -> None:
    """Run until killed."""
    devices = [device_in(name, number) for number, name in enumerate(namespaces, start=1)]
    switch = Switch(devices)
    orders = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    orders.bind(str(control))
    orders.listen()
    ready = selectors.DefaultSelector()
    listened: list[int | socket.socket] = [*devices, orders]
    for each in listened:
        ready.register(each, selectors.EVENT_READ)
    wait = None
    while True:
        for key, _ in ready.select(wait):
            if key.fileobj is orders:
                visitor, _ = orders.accept()
                with visitor:
                    switch.obey(visitor.recv(100).decode())
                    visitor.sendall(b"done")
            else:
                switch.take(key.fd)
        wait = switch.deliver_due()


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2:])
