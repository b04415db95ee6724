"""What savctl needs from outside and does not own (design: floors)."""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from savctl.ports.broker import Broker, BrokerUnavailable, ExchangeMissing, Publisher, Settled
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
        StoreRefused,
        StoreUnavailable,
        UnusableKey,
    )
    from savctl.ports.questions import Question, Questions, ServiceReply
    from savctl.ports.queues import (
        Binding,
        QueueMessage,
        QueueMissing,
        Queues,
        QueueState,
        Receiver,
    )
    from savctl.ports.scanner import Scanner, ScannerUnavailable, ScanResult
    from savctl.ports.store_condition import DeletingRule, StoreCondition

# Each name is found when it is asked for: most commands need the clock alone.
_PLACES = {
    "broker": ("Broker", "BrokerUnavailable", "ExchangeMissing", "Publisher", "Settled"),
    "clock": ("Clock", "SetClock", "system_clock"),
    "objects": (
        *("ContentChanged", "Delivery", "KeyFailure", "NoSuchBucket", "NoSuchObject"),
        *("NotVersioned", "ObjectStore", "ObjectVersion", "PartialUpload", "StoredObject"),
        *("StoreRefused", "StoreUnavailable", "UnusableKey"),
    ),
    "questions": ("Question", "Questions", "ServiceReply"),
    "queues": ("Binding", "QueueMessage", "QueueMissing", "Queues", "QueueState", "Receiver"),
    "scanner": ("Scanner", "ScannerUnavailable", "ScanResult"),
    "store_condition": ("DeletingRule", "StoreCondition"),
}
_MODULES = {name: module for module, names in _PLACES.items() for name in names}

__all__ = [
    "Binding",
    "Broker",
    "BrokerUnavailable",
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
    "Question",
    "Questions",
    "QueueMessage",
    "QueueMissing",
    "QueueState",
    "Queues",
    "Receiver",
    "ScanResult",
    "Scanner",
    "ScannerUnavailable",
    "ServiceReply",
    "SetClock",
    "Settled",
    "StoreCondition",
    "StoreRefused",
    "StoreUnavailable",
    "StoredObject",
    "UnusableKey",
    "system_clock",
]


def __getattr__(name: str) -> object:
    """A name of one of the modules, which is imported now."""
    if name not in _MODULES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    found: object = getattr(importlib.import_module(f"{__name__}.{_MODULES[name]}"), name)
    globals()[name] = found
    return found
