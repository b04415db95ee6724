"""Ids of another database in a ticket that is imported (rules 20.4).

A row's id means something in its own database only: here another ticket or message has it, or
will. Such links are kept as they were under `imported_from`, where nothing follows them.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

KEY = "imported_from"
_LINKS = ("merged_into", "merged_from", "moved_messages", "split_from", "follow_up_of")
_HOLD = "legal_hold"


def set_aside(members: Mapping[str, Any]) -> dict[str, Any]:
    """The members of a foreign ticket's metadata, its links to other rows set aside.

    A hold goes on to hold, whoever placed it there; a promise keeps its priority and its time,
    and the policy is that of the day, because versions are numbered by each database.
    """
    kept = {name: value for name, value in members.items() if name not in _LINKS}
    links = {name: members[name] for name in _LINKS if name in members}
    hold = members.get(_HOLD)
    if isinstance(hold, dict) and hold.get("actor") is not None:
        links[_HOLD] = hold
        kept[_HOLD] = {**hold, "actor": None}
    sla = members.get("sla")
    promise = sla.get("promise") if isinstance(sla, dict) else None
    if isinstance(promise, dict) and "policy" in promise:
        links["sla_policy"] = promise["policy"]
        without = {name: value for name, value in promise.items() if name != "policy"}
        kept["sla"] = {**sla, "promise": without}  # type: ignore[dict-item]
    if links:
        if KEY in members:  # it was imported before, from a third one
            links[KEY] = members[KEY]
        kept[KEY] = links
    return kept


def was_merged_away(metadata: Mapping[str, object]) -> bool:
    """Whether the ticket had been merged into another one where it came from."""
    links = metadata.get(KEY)
    return isinstance(links, Mapping) and bool(links.get("merged_into"))
