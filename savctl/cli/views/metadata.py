"""The metadata of a ticket as named values; its history and its SLA have their own places."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from savctl.domain.clock import instant, second_text

_OWN_PLACE = frozenset(("history", "sla"))


def metadata_values(metadata: Mapping[str, object]) -> Iterator[tuple[str, object]]:
    """Every other member, the links to other tickets in one line each."""
    for name, value in metadata.items():
        if name not in _OWN_PLACE:
            yield name.replace("_", " "), _value(value)


def _value(value: object) -> object:
    if isinstance(value, Mapping):
        return _link(value) or {name: _dated(name, each) for name, each in value.items()}
    if isinstance(value, list):
        links = [_link(each) if isinstance(each, Mapping) else None for each in value]
        return "\n".join(map(str, links)) if links and all(links) else value
    return value


def _link(value: Mapping[str, object]) -> str | None:
    """`TKT-7K2M9QXA, 2025-10-03T10:30:00Z, by user 5`, for what names another ticket."""
    if not isinstance(value.get("ticket_number"), str):
        return None
    parts = [str(value["ticket_number"]), str(_dated("at", value.get("at")) or "")]
    if value.get("actor") is not None:
        parts.append(f"by user {value['actor']}")
    return ", ".join(filter(None, parts))


def _dated(name: str, value: object) -> object:
    """An instant to the second."""
    moment = instant(value) if name == "at" else None
    return second_text(moment) if moment is not None else value
