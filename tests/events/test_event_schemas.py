"""`savctl event schema` describes the specification's own examples, and nothing else."""

from __future__ import annotations

import json
import re
from datetime import datetime
from typing import Any

import pytest

from savctl.domain.events.events import Event, envelope
from tests.conftest import Cli
from tests.events.test_events import EXAMPLES

KINDS = {"integer": int, "string": str, "boolean": bool, "null": type(None)}
EACH = pytest.mark.parametrize(
    ("event", "moment"), [(e, at) for e, at, _ in EXAMPLES], ids=lambda x: type(x).__name__
)


def flaws(schema: dict[str, Any], value: Any, where: str = "$") -> list[str]:
    """What a validator would say: the few words of JSON Schema that the schemas use."""
    unknown = schema.keys() - {
        *("$schema", "title", "description", "type", "properties", "required"),
        *("additionalProperties", "const", "enum", "format", "pattern"),
    }
    found = [f"{where}: {word} is not understood" for word in sorted(unknown)]
    if "const" in schema and value != schema["const"]:
        found.append(f"{where}: not {schema['const']}")
    if "enum" in schema and value not in schema["enum"]:
        found.append(f"{where}: not one of {schema['enum']}")
    if "pattern" in schema and not re.search(schema["pattern"], value):
        found.append(f"{where}: not like {schema['pattern']}")
    if "properties" in schema:
        return found + flaws_of_object(schema, value, where)
    kinds = schema.get("type", [])
    wanted = [KINDS[kind] for kind in ([kinds] if isinstance(kinds, str) else kinds)]
    if wanted and type(value) not in wanted:
        found.append(f"{where}: not of type {kinds}")
    return found


def flaws_of_object(schema: dict[str, Any], value: dict[str, Any], where: str) -> list[str]:
    known = schema["properties"]
    found = [f"{where}: {key} is missing" for key in schema["required"] if key not in value]
    if schema.get("additionalProperties") is False:
        found += [f"{where}: {key} is too much" for key in value.keys() - known.keys()]
    for key in value.keys() & known.keys():
        found += flaws(known[key], value[key], f"{where}.{key}")
    return found


def schema_of(cli: Cli, event: Event) -> dict[str, Any]:
    shown = cli("event", "schema", type(event).__name__, "-o", "json")
    assert shown.code == 0, shown.err
    found: dict[str, Any] = json.loads(shown.out)
    return found


@pytest.fixture
def kind() -> str:
    """A schema is the same on every database."""
    return "sqlite"


@EACH
def test_the_specifications_example_is_valid(cli: Cli, event: Event, moment: datetime) -> None:
    example = json.loads(envelope(event, at=moment))

    assert flaws(schema_of(cli, event), example) == []


@EACH
def test_what_is_not_the_example_is_not_valid(cli: Cli, event: Event, moment: datetime) -> None:
    schema = schema_of(cli, event)
    example = json.loads(envelope(event, at=moment))

    assert flaws(schema, {**example, "event": "Other"})
    assert flaws(schema, {**example, "timestamp": "2025-10-03 10:30:00"})
    assert flaws(schema, {**example, "more": 1})
    for key in example["data"]:
        without = {name: value for name, value in example["data"].items() if name != key}
        assert flaws(schema, {**example, "data": without}) == [f"$.data: {key} is missing"]
        assert flaws(schema, {**example, "data": {**example["data"], key: 1.5}})


def test_all_six_are_shown_together_and_the_name_is_understood_in_any_case(cli: Cli) -> None:
    together = json.loads(cli("event", "schema", "-o", "json").out)

    own = [type(event).__name__ for event, _, _ in EXAMPLES]
    assert list(together)[: len(own)] == own
    assert together["TicketCreated"] == json.loads(
        cli("event", "schema", "ticketcreated", "-o", "json").out
    )
    assert cli("event", "schema", "TicketSold").code == 2


def test_the_schema_in_words_is_the_same(cli: Cli) -> None:
    words = cli("event", "schema", "TicketCreated")

    assert json.loads(words.out)["title"] == "TicketCreated"
