"""What savctl needs from outside and does not own (design: floors)."""

from __future__ import annotations

from savctl.ports.broker import Broker, BrokerGone, ExchangeMissing, Publisher, Settled
from savctl.ports.clock import Clock, SetClock, system_clock
from savctl.ports.objects import (
    ContentChanged,
    Delivery,
    KeyFailure,
    NoSuchBucket,
    NoSuchObject,
    NotVersioned,
    ObjectStore,
    ObjectVersion,
    PartialUpload,
    StoredObject,
    StoreGone,
    StoreRefused,
    UnusableKey,
)
from savctl.ports.scanner import Scanner, ScannerGone, ScanResult
from savctl.ports.store_condition import DeletingRule, StoreCondition

__all__ = [
    "Broker",
    "BrokerGone",
    "Clock",
    "ContentChanged",
    "DeletingRule",
    "Delivery",
    "ExchangeMissing",
    "KeyFailure",
    "NoSuchBucket",
    "NoSuchObject",
    "NotVersioned",
    "ObjectStore",
    "ObjectVersion",
    "PartialUpload",
    "Publisher",
    "ScanResult",
    "Scanner",
    "ScannerGone",
    "SetClock",
    "Settled",
    "StoreCondition",
    "StoreGone",
    "StoreRefused",
    "StoredObject",
    "UnusableKey",
    "system_clock",
]
