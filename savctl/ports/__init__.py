"""What savctl needs from outside and does not own (design: floors)."""

from __future__ import annotations

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
