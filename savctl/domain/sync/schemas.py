"""JSON Schema of what other services send, of questions to them and of their answers."""

from __future__ import annotations

from typing import Any

from savctl.domain.events.schema import DIALECT
from savctl.domain.text import MAX_FOREIGN_ID

_ID = {"type": "integer", "minimum": 1, "maximum": MAX_FOREIGN_ID}
_TEXT = {"type": "string", "maxLength": 255}
_FILLED = {"type": "string", "minLength": 1, "maxLength": 255}
_TIME = {
    "type": "string",
    "format": "date-time",
    "pattern": r"^\d{4}-\d\d-\d\d[Tt ]\d\d:\d\d:\d\d(\.\d{1,9})?([Zz]|[+-]\d\d:\d\d)$",
}
_TOTAL = {
    "type": ["number", "string"],
    "minimum": 0,
    "pattern": r"^[0-9]{1,15}(\.[0-9]{1,10})?$",
}
_USER = {"user_id": _ID, "email": _FILLED, "firstname": _TEXT, "lastname": _TEXT}
_ORDER = {
    "order_id": _ID,
    "user_id": _ID,
    "status": _FILLED,
    "total": _TOTAL,
    "currency": _FILLED,
}
_ORDER_MORE = {
    "payment_status": {**_FILLED, "type": ["string", "null"]},
    "delivered_at": {**_TIME, "type": ["string", "null"]},
}
_EVENTS: dict[str, tuple[str, dict[str, Any], dict[str, Any]]] = {
    "UserCreated": ("A new user of the auth service.", _USER, {}),
    "UserUpdated": ("A user of the auth service changed.", _USER, {}),
    "UserDeleted": ("The auth service deleted a user.", {"user_id": _ID}, {}),
    "OrderCreated": ("A new order.", _ORDER, _ORDER_MORE),
    "OrderUpdated": ("An order changed.", _ORDER, _ORDER_MORE),
    "OrderDelivered": ("An order was delivered.", _ORDER, _ORDER_MORE),
    "OrderCancelled": ("An order was cancelled.", _ORDER, _ORDER_MORE),
    "OrderPaymentFailed": ("A payment of an order failed.", _ORDER, _ORDER_MORE),
    "OrderQuery": (
        "savctl asks the orders service for an order of a customer.",
        {"order_id": _ID, "user_id": _ID},
        {},
    ),
    "UserQuery": ("savctl asks the auth service for a user.", {"user_id": _ID}, {}),
}


def sync_schemas() -> dict[str, dict[str, Any]]:
    """The schemas by the name of the message; savctl ignores keys that they do not name."""
    envelopes = {name: _envelope(name, *given) for name, given in _EVENTS.items()}
    order = _object(_ORDER, _ORDER_MORE)
    return {
        **envelopes,
        "OrderReply": _reply("OrderReply", "The answer to an OrderQuery.", "order", order),
        "UserReply": _reply("UserReply", "The answer to a UserQuery.", "user", _object(_USER, {})),
    }


def _envelope(
    name: str, description: str, required: dict[str, Any], more: dict[str, Any]
) -> dict[str, Any]:
    members = {"event": {"const": name}, "timestamp": _TIME, "data": _object(required, more)}
    return _titled(name, description, _object(members, {}))


def _reply(name: str, description: str, what: str, found: dict[str, Any]) -> dict[str, Any]:
    """With `found` true the object is there, too."""
    return _titled(name, description, _object({"found": {"type": "boolean"}}, {what: found}))


def _titled(name: str, description: str, schema: dict[str, Any]) -> dict[str, Any]:
    return {"$schema": DIALECT, "title": name, "description": description, **schema}


def _object(required: dict[str, Any], more: dict[str, Any]) -> dict[str, Any]:
    return {"type": "object", "properties": {**required, **more}, "required": list(required)}
