"""A ticket that nothing happened to since is recognised by its texts alone, and always rightly."""

from __future__ import annotations

import json
from datetime import datetime, timedelta
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from savctl.domain.model.metadata import Metadata
from savctl.domain.model.priority import LEVELS
from savctl.domain.model.states import Status
from savctl.domain.tickets import point_in_time
from savctl.domain.tickets.point_in_time import as_of, has_nothing_later
from tests.given import NOW, a_ticket

seconds = st.sampled_from([-7200, -3600, -1, 0, 1, 3600])
near = seconds.map(lambda n: NOW + timedelta(seconds=n))
odd_texts = st.sampled_from(
    [
        *("", "2025-10-03", "2025-10-03 23:00:00.000000Z", "2025-W40-5T10:30:00.123456Z"),
        *("2025-10-03T10:30:00.123456+", "2025-10-03T99:30:00.123456Z", "2025-10-03T10:30:00Z"),
        *("2024-13-03T10:30:00.123456Z", "0000-01-01T00:00:00.000000Z", "2024-99-99T00:00:00Z"),
    ]
)


def micro(at: datetime) -> str:
    return f"{at:%Y-%m-%dT%H:%M:%S}.{at.microsecond:06}Z"


fractions = st.sampled_from([0, 1, 999_999])
spelt = st.builds(lambda at, n: micro(at.replace(microsecond=n)), near, fractions)
some_text = st.one_of(spelt, spelt, spelt, odd_texts, st.none())
since = st.one_of(near.map(lambda at: f"{at:%Y-%m-%dT%H:%M:%S}Z"), some_text)
words = st.sampled_from(["open", "in_progress", "resolved", "closed", "high", "low", "10", ""])
entries = st.fixed_dictionaries(
    {"at": some_text, "action": st.sampled_from(["created", "status", "priority", "assigned"])},
    optional={"actor": st.sampled_from([None, 10, "ten"]), "from": words, "to": words},
)
slas = st.fixed_dictionaries(
    {},
    optional={
        "promise": st.fixed_dictionaries({}, optional={"priority": words, "since": since}),
        "breaches": st.lists(st.fixed_dictionaries({"found_at": since}), max_size=1),
    },
)
metadata = st.fixed_dictionaries(
    {"history": st.lists(entries, max_size=4)},
    optional={"sla": slas, "merged_into": st.fixed_dictionaries({"at": since})},
)
stamps = st.one_of(st.none(), near)
tickets = st.builds(
    a_ticket,
    st.sampled_from(Status),
    metadata=metadata.map(lambda found: Metadata.read(json.dumps(found))),
    priority=st.sampled_from(LEVELS),
    created_at=stamps,
    updated_at=stamps,
    resolved_at=stamps,
    closed_at=stamps,
)


@settings(max_examples=200, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(ticket=tickets, moment=near)
def test_the_quick_look_changes_nothing(
    ticket: Any, moment: datetime, monkeypatch: pytest.MonkeyPatch
) -> None:
    quickly = as_of(ticket, moment)

    with monkeypatch.context() as patched:
        patched.setattr(point_in_time, "has_nothing_later", lambda *_: False)
        slowly = as_of(ticket, moment)

    assert quickly == slowly


LATER = f"{NOW + timedelta(seconds=1):%Y-%m-%dT%H:%M:%S}"
PROMISED = {"priority": "high", "since": f"{NOW:%Y-%m-%dT%H:%M:%S}Z"}
CREATED = {"at": micro(NOW), "actor": None, "action": "created", "to": "open"}
USUAL = {"sla": {"promise": PROMISED, "breaches": []}, "history": [CREATED]}


def usual(members: dict[str, Any], **columns: Any) -> Any:
    stored = json.dumps({**USUAL, **members})
    columns = {"created_at": NOW, **columns}
    return a_ticket(Status.OPEN, metadata=Metadata.read(stored), **columns)


def test_a_usual_ticket_is_not_looked_at_closely() -> None:
    assert has_nothing_later(usual({}), NOW.replace(microsecond=0))
    assert not has_nothing_later(usual({}), NOW.replace(microsecond=0) - timedelta(seconds=1))


@pytest.mark.parametrize(
    "ticket",
    [
        usual({"history": [CREATED, {**CREATED, "at": f"{LATER}.000000Z"}]}),
        usual({"history": [{**CREATED, "actor": "ten"}]}),
        usual({"history": [CREATED, "foreign"]}),
        usual({"history": [CREATED, {**CREATED, "at": "2024-W40-5T10:30:00.123456Z"}]}),
        usual({"history": [CREATED, {**CREATED, "at": "2024-10-03 10:30:00.123456Z"}]}),
        usual({"history": [CREATED, {**CREATED, "at": "2024-10-03T10:30:00.12345+2"}]}),
        usual({"sla": {"promise": {**PROMISED, "since": f"{LATER}Z"}}}),
        usual({"sla": {"promise": PROMISED, "breaches": [{"found_at": f"{LATER}Z"}]}}),
        usual({"merged_into": {"at": f"{LATER}.000000Z"}}),
        usual({}, created_at=NOW + timedelta(seconds=1)),
        usual({}, resolved_at=NOW + timedelta(seconds=1)),
        usual({}, closed_at=NOW + timedelta(seconds=1)),
        usual({"history": []}),
    ],
)
def test_what_may_be_later_is_looked_at_closely(ticket: Any) -> None:
    assert not has_nothing_later(ticket, NOW.replace(microsecond=0))
