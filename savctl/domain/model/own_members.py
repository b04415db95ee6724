"""The members of `metadata` that are savctl's own."""

from __future__ import annotations

# Members of metadata that savctl writes itself; --meta may not overwrite them.
RESERVED = frozenset(
    (
        "history",
        "sla",
        "priority_reasons",
        "merged_into",
        "merged_from",
        "moved_messages",
        "follow_up_of",
        "split_from",
        "legal_hold",
        "tags",
        "order",
        "order_check",
        "vip",
        "order_value",
        "payment_failed",
        "imported",
        "imported_history",
        "imported_from",
        "unreadable",
        "unreadable_history",
        "unreadable_sla",
        "unreadable_merged_into",
    )
)
