"""The quick way to a time says what the column's type says, whatever another program stored."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from sqlalchemy.dialects import mysql, sqlite

from savctl.persistence.types import UtcDateTime, instant_of

STORED = [
    None,
    "2025-10-03 10:30:00",
    "2025-10-03T10:30:00",
    "2025-10-03 10:30:00.250000",
    "2025-10-03",
    "2025-10-03 10:30",
    "2025-10-03 10:30:00Z",
    "0000-00-00 00:00:00",
    "2025-00-10 10:30:00",
    "2025-10-00 10:30:00",
    "2025-13-41 00:00:00",
    "next Tuesday, maybe",
    "",
    datetime(2025, 10, 3, 10, 30),  # noqa: DTZ001 - as PyMySQL hands it out
]


@pytest.mark.parametrize("stored", STORED)
@pytest.mark.parametrize("dialect", [sqlite.dialect(), mysql.dialect()], ids=["sqlite", "mysql"])
def test_the_quick_way_says_what_the_type_says(stored: object, dialect: object) -> None:
    usual = UtcDateTime().process_result_value(stored, dialect)  # type: ignore[arg-type]

    assert instant_of(stored, dialect) == usual  # type: ignore[arg-type]


def test_what_is_usual_is_in_utc() -> None:
    dialect = sqlite.dialect()

    found = instant_of("2025-10-03 10:30:00", dialect)

    assert found == datetime(2025, 10, 3, 10, 30, tzinfo=UTC)
    assert found is not None
    assert found.tzinfo is UTC
