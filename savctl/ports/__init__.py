"""What savctl needs from outside and does not own (design: floors)."""

from __future__ import annotations

from savctl.ports.broker import Broker, BrokerGone, ExchangeMissing, Publisher, Settled
from savctl.ports.clock import Clock, SetClock, system_clock
from savctl.ports.objects import (
    Delivery,
    KeyFailure,
    NoSuchObject,
    ObjectStore,
    ObjectVersion,
    PartialUpload,
    StoredObject,
    StoreGone,
    StoreRefused,
)
from savctl.ports.scanner import Scanner, ScannerGone, ScanResult

__all__ = [
    "Broker",
    "BrokerGone",
    "Clock",
    "Delivery",
    "ExchangeMissing",
    "KeyFailure",
    "NoSuchObject",
    "ObjectStore",
    "ObjectVersion",
    "PartialUpload",
    "Publisher",
    "ScanResult",
    "Scanner",
    "ScannerGone",
    "SetClock",
    "Settled",
    "StoreGone",
    "StoreRefused",
    "StoredObject",
    "system_clock",
]
