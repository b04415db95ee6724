"""Local times in the hour that comes twice: the reading that is in order is taken."""

from __future__ import annotations

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest

from savctl.domain.clock import second_text
from savctl.domain.imports.kept_times import kept_times
from savctl.domain.imports.timestamp_formats import Stamps
from savctl.domain.model.states import Status
from savctl.errors import InvalidInput

NOW = datetime(2025, 11, 1, tzinfo=UTC)
PARIS = Stamps(["YYYY-MM-DD HH:MM"], ZoneInfo("Europe/Paris"))
NIGHT = "2025-10-26"


def kept(status: Status = Status.CLOSED, *, now: datetime = NOW, **row: str) -> tuple[object, ...]:
    """The times of a row of that night, and the fields that are remarked."""
    remarks: list[str] = []
    texts = {name: f"{NIGHT} {clock}" for name, clock in row.items()}
    found = kept_times(texts, status, stamps=PARIS, now=now, remarks=remarks)
    times = {name: f"{moment:%H:%M}" for name, moment in found.items() if moment is not None}
    return times, [remark.split()[0] for remark in remarks]


@pytest.mark.parametrize(
    ("row", "created", "closed", "remarked"),
    [
        ({"created_at": "02:50", "closed_at": "02:10"}, "00:50", "01:10", []),
        (
            {"created_at": "02:10", "closed_at": "02:50"},
            "00:10",
            "00:50",
            ["created_at", "closed_at"],
        ),
        ({"created_at": "01:50", "closed_at": "02:10"}, "23:50", "00:10", ["closed_at"]),
        ({"created_at": "02:50", "closed_at": "03:10"}, "00:50", "02:10", ["created_at"]),
        ({"created_at": "01:00", "closed_at": "01:30"}, "23:00", "23:30", []),
        (
            {"created_at": "02:50", "updated_at": "02:20", "closed_at": "02:20"},
            "00:50",
            "01:20",
            [],
        ),
    ],
)
def test_the_reading_in_order_is_taken(
    row: dict[str, str], created: str, closed: str, remarked: list[str]
) -> None:
    times, names = kept(**row)  # type: ignore[arg-type]  # no name of a row is one of these

    assert isinstance(times, dict)
    assert (times["created_at"], times["closed_at"], names) == (created, closed, remarked)


def test_a_single_time_of_that_hour_is_the_first_one_and_remarked() -> None:
    assert kept(Status.OPEN, created_at="02:30") == (
        {"created_at": "00:30", "updated_at": "00:30"},
        ["created_at"],
    )


def test_an_update_says_which_of_two_it_was() -> None:
    times, names = kept(Status.OPEN, created_at="02:50", updated_at="02:10")

    assert times == {"created_at": "00:50", "updated_at": "01:10"}
    assert names == []


def test_a_reading_in_the_future_is_none() -> None:
    now = datetime(2025, 10, 26, 0, 55, tzinfo=UTC)

    assert kept(Status.OPEN, created_at="02:50", now=now) == (
        {"created_at": "00:50", "updated_at": "00:50"},
        [],
    )


def test_times_that_are_in_no_order_are_refused() -> None:
    with pytest.raises(InvalidInput, match=r"closed_at .* is before created_at"):
        kept(created_at="03:10", closed_at="02:50")


def test_the_hour_that_spring_leaves_out_has_one_reading() -> None:
    assert [second_text(one) for one in PARIS.readings("2025-03-30 02:30")] == [
        "2025-03-30T01:30:00Z"
    ]
