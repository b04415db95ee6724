"""JSON Schema of `data.json` in a customer's export (docs/schemas/gdpr-export-1.json)."""

from __future__ import annotations

from typing import Any

from savctl.domain.events.schema import DIALECT
from savctl.domain.model.priority import Priority
from savctl.domain.model.states import Status
from savctl.domain.privacy.disclosure import FORMAT, VERSION

Schema = dict[str, Any]

_ID: Schema = {"type": "integer", "minimum": 1}
_OTHER_ID: Schema = {"type": ["integer", "null"]}
_TEXT: Schema = {"type": "string"}
_OTHER_TEXT: Schema = {"type": ["string", "null"]}
_COUNT: Schema = {"type": "integer", "minimum": 0}
_TIME_PATTERN = r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$"
_TIME: Schema = {"type": "string", "format": "date-time", "pattern": _TIME_PATTERN}
_OTHER_TIME: Schema = {**_TIME, "type": ["string", "null"]}  # another program may leave it empty


def export_schema() -> Schema:
    """The schema of the whole document."""
    return {
        "$schema": DIALECT,
        "title": f"{FORMAT} {VERSION}",
        "description": "Everything the customer support holds of one customer.",
        **_object(
            format={"const": FORMAT},
            version={"const": VERSION},
            made_at=_TIME,
            made_by=_TEXT,
            user_id=_ID,
            with_internal={"type": "boolean"},
            user={"anyOf": [_user(), {"type": "null"}]},
            vip_since=_OTHER_TIME,
            counts=_object(
                tickets=_COUNT,
                archived=_COUNT,
                messages=_COUNT,
                messages_elsewhere=_COUNT,
                attachments=_COUNT,
            ),
            tickets=_list(_ticket()),
            messages_elsewhere=_list(_message_elsewhere()),
        ),
    }


def _user() -> Schema:
    return _object(id=_ID, email=_TEXT, firstname=_TEXT, lastname=_TEXT)


def _ticket() -> Schema:
    return _object(
        id=_ID,
        ticket_number=_TEXT,
        user_id=_ID,
        subject=_TEXT,
        description=_TEXT,
        priority={"enum": [str(level) for level in Priority]},
        status={"enum": [str(status) for status in Status]},
        category=_OTHER_TEXT,
        assigned_to=_OTHER_ID,
        order_id=_OTHER_ID,
        metadata={"type": "object"},
        resolved_at=_OTHER_TIME,
        closed_at=_OTHER_TIME,
        created_at=_OTHER_TIME,
        updated_at=_OTHER_TIME,
        archived={"type": "boolean"},
        attachments=_list(_attachment()),
        messages=_list(_message()),
    )


def _message() -> Schema:
    return _object(
        id=_ID,
        ticket_id=_ID,
        sender_id=_ID,
        sender_type={"enum": ["customer", "agent"]},
        message=_TEXT,
        is_internal={"type": "boolean"},
        read_at=_OTHER_TIME,
        created_at=_OTHER_TIME,
        updated_at=_OTHER_TIME,
    )


def _attachment() -> Schema:
    return _object(
        id=_ID,
        ticket_id=_ID,
        message_id=_OTHER_ID,
        original_name=_TEXT,
        filename=_TEXT,
        file_path=_TEXT,
        mime_type=_TEXT,
        file_size=_COUNT,
        created_at=_OTHER_TIME,
        updated_at=_OTHER_TIME,
        deleted_at=_OTHER_TIME,
        file=_FILE,
    )


def _message_elsewhere() -> Schema:
    attachment = _object(
        id=_ID,
        message_id=_ID,
        original_name=_TEXT,
        mime_type=_TEXT,
        file_size=_COUNT,
        created_at=_OTHER_TIME,
        updated_at=_OTHER_TIME,
        file=_FILE,
    )
    return _object(
        ticket_number=_TEXT,
        id=_ID,
        message=_TEXT,
        created_at=_OTHER_TIME,
        updated_at=_OTHER_TIME,
        attachments=_list(attachment),
    )


_FILE: Schema = {
    "type": ["string", "null"],
    "description": "the member of the ZIP that holds the content; null: it could not be found",
}


def _object(**properties: Schema) -> Schema:
    """An object with exactly these members."""
    return {
        "type": "object",
        "properties": properties,
        "required": list(properties),
        "additionalProperties": False,
    }


def _list(items: Schema) -> Schema:
    return {"type": "array", "items": items}
