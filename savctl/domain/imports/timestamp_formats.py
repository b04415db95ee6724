"""Times as files of other programs write them: `D/M/YYYY HH:MM`, `YYYY/MM/DD hh:mm:ss.000`.

A format is made of `YYYY`, `YY`, `MM`, `M`, `DD`, `D`, `HH`, `H`, `SS`, `S`, `AM`, zeros for a
fraction of a second, and whatever stands between them. Upper and lower case mean the same:
`MM` is the month before an hour and the minute behind one. `ISO` is RFC 3339 and its relatives,
`UNIX` and `UNIX_MS` are seconds and milliseconds since 1970.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta, tzinfo

from savctl.errors import InvalidInput

Parse = Callable[[str], datetime]

# A TIMESTAMP column holds no more than this.
EARLIEST = datetime(1970, 1, 1, 0, 0, 1, tzinfo=UTC)
LATEST = datetime(2038, 1, 19, 3, 14, 7, tzinfo=UTC)

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_TOKEN = re.compile(r"Y{4}|Y{2}|M{1,2}|D{1,2}|H{1,2}|S{1,2}|AM|PM|0+|.", re.I | re.S)
_DIGITS = {"YYYY": r"(\d{4})", "YY": r"(\d\d)", "AM": r"([AaPp])\.?[Mm]\.?"}
_PARTS = {"Y": "year", "M": "month", "D": "day", "H": "hour", "S": "second", "A": "half"}
_KEPT = 4_096  # stamps repeat: a file sorted by time names each minute many times


class Stamps:
    """Reads the times of one file: the first format that fits counts."""

    def __init__(self, formats: Sequence[str] = ("ISO",), zone: tzinfo = UTC) -> None:
        self._formats = tuple(formats)
        self._parsers = tuple(_parser(form, zone) for form in formats)
        self._known: dict[str, tuple[datetime, ...]] = {}

    def read(self, given: object) -> datetime:
        """The instant, in UTC; the first of two in the hour that comes twice.

        Raises:
            InvalidInput: no format fits, or a TIMESTAMP column cannot hold it.
        """
        return self.readings(given)[0]

    def readings(self, given: object) -> tuple[datetime, ...]:
        """The instants it may be, in UTC: two in the hour that comes twice in autumn.

        Raises:
            InvalidInput: no format fits, or a TIMESTAMP column cannot hold it.
        """
        stamp = str(given).strip()
        found = self._known.get(stamp)
        if found is None:
            found = self._parsed(stamp)
            if len(self._known) >= _KEPT:
                self._known.clear()
            self._known[stamp] = found
        return found

    def _parsed(self, stamp: str) -> tuple[datetime, ...]:
        for parse in self._parsers:
            try:
                found = _instants(parse(stamp))
            except (ValueError, OverflowError):
                continue
            if not EARLIEST <= found[0] <= found[-1] <= LATEST:
                raise InvalidInput(f"{stamp!r} is outside what is stored: 1970 to 2038-01-19")
            return found
        raise InvalidInput(
            f"{stamp[:60]!r} is not a time of the form {' or '.join(self._formats)}"
        )


def _parser(form: str, zone: tzinfo) -> Parse:
    match form.strip().upper():
        case "ISO":
            return lambda stamp: _aware(datetime.fromisoformat(stamp), zone)
        case "UNIX":
            return lambda stamp: _EPOCH + timedelta(seconds=float(stamp))
        case "UNIX_MS":
            return lambda stamp: _EPOCH + timedelta(milliseconds=float(stamp))
    return _by_pattern(form, zone)


def _by_pattern(form: str, zone: tzinfo) -> Parse:
    pattern, names = _pattern(form)

    def parse(stamp: str) -> datetime:
        match = pattern.fullmatch(stamp)
        if match is None:
            raise ValueError(stamp)
        found: dict[str, str] = dict(zip(names, match.groups(), strict=True))
        return _moment(found, zone)

    return parse


def _instants(local: datetime) -> tuple[datetime, ...]:
    first = local.astimezone(UTC)
    second = local.replace(fold=1).astimezone(UTC)
    # In the hour that spring leaves out, the second one is earlier: only one is meant.
    return (first, second) if second > first else (first,)


def _pattern(form: str) -> tuple[re.Pattern[str], list[str]]:
    names: list[str] = []
    parts: list[str] = []
    for token in _TOKEN.findall(form):
        name = _name(token, names)
        if name is None:
            if token.isalpha() and token.upper() not in {"T", "Z"}:
                raise InvalidInput(f"time format {form!r}: {token!r} is not known")
            parts.append(re.escape(token))
            continue
        if name in names:
            raise InvalidInput(f"time format {form!r} names the {name} twice")
        names.append(name)
        parts.append(_digits(token))
    if not {"year", "month", "day"} <= set(names):
        raise InvalidInput(f"time format {form!r} needs a year, a month and a day")
    return re.compile("".join(parts), re.ASCII), names


def _name(token: str, before: Sequence[str]) -> str | None:
    if token.strip("0") == "":
        return "fraction"
    word = token.upper()
    if word == "PM":
        return "half"
    if word in {"YYYY", "YY", "MM", "M", "DD", "D", "HH", "H", "SS", "S", "AM"}:
        return "minute" if word[0] == "M" and "hour" in before else _PARTS[word[0]]
    return None


def _digits(token: str) -> str:
    if token.strip("0") == "":
        return r"(\d{1,6})"
    word = token.upper().replace("PM", "AM")
    return _DIGITS.get(word, r"(\d\d)" if len(word) == 2 else r"(\d{1,2})")


def _moment(found: dict[str, str], zone: tzinfo) -> datetime:
    year = int(found["year"])
    hour = int(found.get("hour", 0))
    if "half" in found:
        if not 1 <= hour <= 12:
            raise ValueError(f"{hour} o'clock")
        hour = hour % 12 + (12 if found["half"] in "Pp" else 0)
    return datetime(
        year if year > 99 else 2000 + year,
        int(found["month"]),
        int(found["day"]),
        hour,
        int(found.get("minute", 0)),
        int(found.get("second", 0)),
        int(found.get("fraction", "0").ljust(6, "0")),
        tzinfo=zone,
    )


def _aware(moment: datetime, zone: tzinfo) -> datetime:
    return moment.replace(tzinfo=zone) if moment.tzinfo is None else moment
