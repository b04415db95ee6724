"""JSON Schema of the six events, made from the classes that write them."""

from __future__ import annotations

import types
from dataclasses import fields
from typing import Any, Union, get_args, get_origin, get_type_hints

from savctl.domain.events.events import EVENTS, Event
from savctl.domain.model.priority import Priority
from savctl.domain.model.states import Status

DIALECT = "https://json-schema.org/draft/2020-12/schema"
_KINDS: dict[type, str] = {int: "integer", str: "string", bool: "boolean"}
_CLOSED: dict[str, list[str]] = {
    "status": [str(s) for s in Status],
    "previous_status": [str(s) for s in Status],
    "new_status": [str(s) for s in Status],
    "priority": [str(p) for p in Priority],
    "sender_type": ["customer", "agent"],
    "sla_type": ["response", "resolution"],
}


def event_schema(event: type[Event]) -> dict[str, Any]:
    """The schema of one event's envelope."""
    hints = get_type_hints(event)
    keys = [f.name for f in fields(event)]
    return {
        "$schema": DIALECT,
        "title": event.__name__,
        "description": (event.__doc__ or "").strip().splitlines()[0],
        "type": "object",
        "properties": {
            "event": {"const": event.__name__},
            "timestamp": {
                "type": "string",
                "format": "date-time",
                "pattern": r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$",
            },
            "data": {
                "type": "object",
                "properties": {key: _property(key, hints[key]) for key in keys},
                "required": keys,
                "additionalProperties": False,
            },
        },
        "required": ["event", "timestamp", "data"],
        "additionalProperties": False,
    }


def all_schemas() -> dict[str, dict[str, Any]]:
    """The schemas by event name."""
    return {event.__name__: event_schema(event) for event in EVENTS}


def _property(key: str, hint: Any) -> dict[str, Any]:
    if key in _CLOSED:
        return {"type": "string", "enum": _CLOSED[key]}
    arms = get_args(hint) if get_origin(hint) in {types.UnionType, Union} else (hint,)
    kinds = ["null" if arm is types.NoneType else _KINDS[arm] for arm in arms]
    return {"type": kinds[0] if len(kinds) == 1 else kinds}
