"""Times as other programs' files write them."""

from __future__ import annotations

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest

from savctl.domain.clock import second_text
from savctl.domain.imports.timestamp_formats import Stamps
from savctl.errors import InvalidInput


@pytest.mark.parametrize(
    ("form", "stamp", "moment"),
    [
        ("D/M/YYYY HH:MM", "29/2/2016 01:16", "2016-02-29T01:16:00Z"),
        ("YYYY/MM/DD hh:mm:ss.000", "2012/10/09 14:50:17.250", "2012-10-09T14:50:17Z"),
        ("M/D/YYYY h:MM AM", "1/5/2020 12:05 am", "2020-01-05T00:05:00Z"),
        ("M/D/YYYY h:MM AM", "1/5/2020 3:05 PM", "2020-01-05T15:05:00Z"),
        ("DD.MM.YY", "03.10.25", "2025-10-03T00:00:00Z"),
        ("YYYYMMDDTHHMMSSZ", "20251003T103000Z", "2025-10-03T10:30:00Z"),
        ("ISO", "2025-10-03T12:30:00+02:00", "2025-10-03T10:30:00Z"),
        ("UNIX", "1759487400", "2025-10-03T10:30:00Z"),
        ("UNIX_MS", "1759487400000", "2025-10-03T10:30:00Z"),
    ],
)
def test_a_format_reads_what_it_describes(form: str, stamp: str, moment: str) -> None:
    assert second_text(Stamps([form]).read(stamp)) == moment


def test_the_first_format_that_fits_counts() -> None:
    stamps = Stamps(["D/M/YYYY", "YYYY-MM-DD"])

    assert stamps.read("2025-10-03") == stamps.read("3/10/2025")


def test_a_zone_is_that_of_times_without_one() -> None:
    stamps = Stamps(["ISO"], ZoneInfo("Europe/Rome"))

    assert stamps.read("2025-07-01 12:00") == datetime(2025, 7, 1, 10, tzinfo=UTC)
    assert stamps.read("2025-01-01 12:00") == datetime(2025, 1, 1, 11, tzinfo=UTC)
    assert stamps.read("2025-07-01T12:00Z") == datetime(2025, 7, 1, 12, tzinfo=UTC)


@pytest.mark.parametrize(
    "stamp",
    ["", "yesterday", "31/2/2020 10:00", "1/13/2020 10:00", "1/1/2020 24:00", "1/1/2020 10:00 "],
)
def test_what_is_no_time_is_refused(stamp: str) -> None:
    if stamp.endswith(" "):  # spaces around it are not held against it
        assert Stamps(["D/M/YYYY HH:MM"]).read(stamp)
        return
    with pytest.raises(InvalidInput, match="not a time of the form"):
        Stamps(["D/M/YYYY HH:MM"]).read(stamp)


@pytest.mark.parametrize("stamp", ["1969-12-31", "1970-01-01", "2038-01-20", "9999-12-31"])
def test_what_a_timestamp_column_cannot_hold_is_refused(stamp: str) -> None:
    with pytest.raises(InvalidInput, match="1970 to 2038"):
        Stamps(["ISO"]).read(stamp)


@pytest.mark.parametrize("form", ["HH:MM", "YYYY-MM-DD YYYY", "YYYY-MM-DD Q", ""])
def test_a_format_that_means_nothing_is_refused(form: str) -> None:
    with pytest.raises(InvalidInput, match="time format"):
        Stamps([form])
