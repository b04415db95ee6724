"""CSV: the inside of a cell is never a row, whatever is wrong with the file (rules 20.3)."""

from __future__ import annotations

import csv
import io
import tracemalloc
from collections.abc import Iterator

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from savctl.usecases.imports import csv_rows, csv_text
from savctl.usecases.imports.csv_rows import CsvRows
from savctl.usecases.imports.csv_text import CsvText
from savctl.usecases.imports.records import Record
from tests.depth import deep
from tests.imports.second_csv_reader import NoCsv, rows_of

MIB = 1024 * 1024
HEAD = "user_id,subject,description,priority,note\n"
SMUGGLED = "999,Injected,pasted by a customer,urgent,x"
GOOD = "457,Good,ok,low,n\n"


def read(text: str, *, delimiter: str = ",", has_header: bool = True) -> list[Record]:
    """The rows of a text, behind its header."""
    found = CsvRows(CsvText(io.StringIO(text, newline="")), delimiter)
    records = found.records()
    if has_header:
        found.header = next(records).values
    return list(records)


def users(records: list[Record]) -> list[str]:
    """The first cell of every row that was read."""
    return [record.values[0] for record in records if record.problem is None]


@pytest.fixture(params=[1, 2, 7, 10**6])
def at_once(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> int:
    """However little of the file is read at a time."""
    monkeypatch.setattr(csv_text, "_LEAST", request.param)
    monkeypatch.setattr(csv_text, "_AT_ONCE", request.param)
    return int(request.param)


# A row that breaks the rules, and whether the good row behind it can still be read.
BROKEN = [
    pytest.param(
        f'456,s,"My file:\n{SMUGGLED}\nbye",low,"he said \\"no\\""\n', True, id="backslash"
    ),
    pytest.param(f'456,s,"a \\"b\\"\n{SMUGGLED}\nbye",low,n\n', True, id="backslash-first"),
    pytest.param(f'456,s,"a\\",low,n\n{SMUGGLED}\nbye",low,n\n', False, id="backslash-valid"),
    pytest.param(f'456,s,"a\\",low\n{SMUGGLED}\nbye",low,n\n', False, id="backslash-short"),
    pytest.param(f"456,s,a\\\n{SMUGGLED}\\\nbye,low,n\n", False, id="backslash-line-ends"),
    pytest.param(
        f"456,s,a\\\n{SMUGGLED.replace(',', chr(92) + ',')}\\\nbye,low,n\n",
        False,
        id="escaped-commas",
    ),
    pytest.param(f'456,s,"a "b" c\n{SMUGGLED}\nbye",low,n\n', True, id="raw"),
    pytest.param(f'456,s,d,low,"a "b" c\n{SMUGGLED}\nbye"\n', True, id="raw-last-cell"),
    pytest.param(f'456,s,"a "b"\n{SMUGGLED}\nbye",low,n\n', False, id="raw-at-line-end"),
    pytest.param(f'456,s,d,low,"a "b"\n{SMUGGLED}\nbye"\n', False, id="raw-last-at-line-end"),
    pytest.param(f'456,s,d,low,"a"\n{SMUGGLED}\nbye"\n', None, id="raw-valid"),
    pytest.param(f'456,s,"a"\n{SMUGGLED}\nbye"",low,n\n', False, id="raw-short"),
    pytest.param(f'456,s,"a ""b" c\n{SMUGGLED}\nbye",low,n\n', True, id="half-doubled"),
    pytest.param(f'456,s,"never closed\n{SMUGGLED}\n', False, id="never-closed"),
    pytest.param('456,"Foo" bar,d,low,n\n', True, id="quoted-in-part"),
    pytest.param('456,"Foo"bar,"d",low,n\n', True, id="quoted-in-part-twice"),
    pytest.param('456,s,"d",low\n', True, id="too-short"),
    pytest.param(f'456,s,"d\n{SMUGGLED}\n",low\n', True, id="too-short-of-lines"),
    pytest.param("456,s,d,low,n,more\n", True, id="too-long"),
]


@pytest.mark.parametrize(("row", "goes_on"), [p for p in BROKEN if p.values[1] is not None])
def test_a_broken_row_is_refused_whole(row: str, goes_on: bool, at_once: int) -> None:
    records = read(f"{HEAD}1,First,ok,low,n\n{row}{GOOD}")

    assert users(records) == (["1", "457"] if goes_on else ["1"])
    refused = [record for record in records if record.problem is not None]
    assert [record.line for record in refused] == [3]
    assert [record.stops for record in records] == [False] * (len(records) - 1) + [not goes_on]
    assert not goes_on or refused[0].raw == row


@pytest.mark.parametrize(
    ("row", "reason"),
    [
        ('1,s,"a "b" c",low,n', "column 3 (description): a quote inside a quoted cell"),
        ('1,s,"x\ny",low,"a "b" c"', "(lines 2 to 3)"),
        ('1,s,"open', "column 3 (description): a quote is opened and never closed; nothing from"),
        ("1,s", "2 columns where the header has 5"),
        ('1,s,"a\\",low,n\nx",low,n', "a backslash before a quote"),
        ("1,s,\0,low,n", "contains a NUL character"),
    ],
)
def test_the_reason_says_what_is_wrong(row: str, reason: str) -> None:
    problems = [record.problem or "" for record in read(f"{HEAD}{row}\n")]

    assert reason in problems[0]


def test_paths_of_windows_are_no_escapes() -> None:
    rows = f'1,s,"C:\\dir\\",low,n\n2,s,C:\\dir\\,low,n\n3,s,d,low,"\\\\host\\x\\"\n{GOOD}'

    assert users(read(HEAD + rows)) == ["1", "2", "3", "457"]


MARKS = ['"', '"', ",", "\n", "\r\n", "\r", "a", "b", "\\", '""', '",', '\n"', " ", ";", "é"]


@given(st.lists(st.sampled_from(MARKS), max_size=20).map("".join))
@example('"a"\r\n"b"')
@settings(max_examples=600, deadline=None)
def test_it_reads_what_two_other_readers_read(text: str) -> None:
    records = read(text, has_header=False)

    try:
        reader = csv.reader(io.StringIO(text, newline=""), strict=True)
        expected = [row for row in reader if row]
    except csv.Error:
        with pytest.raises(NoCsv):
            rows_of(text)
        assert any(record.problem for record in records)
        return
    assert rows_of(text) == expected
    if not any(record.stops for record in records):  # a backslash may make it careful
        assert [record.values for record in records] == expected
    assert "\\" in text or not any(record.problem for record in records)


TEXTS = st.lists(
    st.sampled_from(["INSIDE,a,b", "x", 'he said "no"', '"', "\\", 'a "b', ",", '",', "é", " "]),
    max_size=4,
).map("\n".join)


@example([("", 'he said "no"\n,'), ('"', "")], csv.QUOTE_MINIMAL)
@given(
    st.lists(st.tuples(TEXTS, TEXTS), min_size=1, max_size=4),
    st.sampled_from([csv.QUOTE_MINIMAL, csv.QUOTE_ALL]),
)
@settings(max_examples=deep(400, usual=200), deadline=None)
def test_lines_of_a_writer_with_backslashes_never_become_rows(
    cells: list[tuple[str, str]], quoting: int
) -> None:
    out = io.StringIO(newline="")
    writer = csv.writer(out, escapechar="\\", doublequote=False, quoting=quoting)  # type: ignore[arg-type]
    writer.writerows([("head", "b", "c"), *(("row", *pair) for pair in cells)])

    assert set(users(read(out.getvalue()))) <= {"row"}


@given(st.lists(st.tuples(TEXTS, TEXTS), min_size=1, max_size=4), st.integers(0, 200))
@settings(max_examples=deep(400, usual=200), deadline=None)
def test_lines_of_a_file_that_was_cut_off_never_become_rows(
    cells: list[tuple[str, str]], cut: int
) -> None:
    out = io.StringIO(newline="")
    writer = csv.writer(out, quoting=csv.QUOTE_ALL)
    writer.writerows([("head", "b", "c"), *(("row", *pair) for pair in cells)])
    text = out.getvalue()

    assert set(users(read(text[: max(len(text) - cut, len('"head","b","c"\r\n'))]))) <= {"row"}


def long_cell(size: int) -> str:
    """A cell of rows, so many characters long."""
    line = f"{SMUGGLED}\n"
    return (line * (size // len(line) + 1))[:size]


def test_a_cell_of_16_mib_is_read_and_a_longer_one_is_refused() -> None:
    sizes = (16 * MIB, 16 * MIB + 1)
    for size, is_read in zip(sizes, (True, False), strict=True):
        text = f'{HEAD}456,Long,d,low,"{long_cell(size)}"\n{GOOD}'

        records = read(text)

        assert users(records) == (["456", "457"] if is_read else ["457"])
        if is_read:
            assert len(records[0].values[4]) == size
        else:
            assert "column 5 (note) is longer than 16 MiB" in str(records[0].problem)


class Endless(io.TextIOBase):
    """A file that is made while it is read."""

    def __init__(self, parts: Iterator[str]) -> None:
        self._parts = parts

    def read(self, _size: int | None = -1) -> str:
        return next(self._parts, "")


@pytest.mark.parametrize(
    ("end", "goes_on"),
    [('"\n', True), ('" x\n', False), ("", False)],
    ids=["closed", "bad", "open"],
)
def test_a_row_too_long_is_passed_over_in_bounded_memory(
    end: str, goes_on: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(csv_rows, "LONGEST_ROW", MIB)
    monkeypatch.setattr(csv_text, "_MOST", 256 * 1024)

    def parts() -> Iterator[str]:
        yield f'{HEAD}456,Long,d,low,"'
        yield from (long_cell(8_000) for _ in range(4_000))  # 32 MB
        yield f"{end}{GOOD}"

    tracemalloc.start()
    found = CsvRows(CsvText(Endless(parts())), ",")  # type: ignore[arg-type]
    rows = found.records()
    found.header = next(rows).values
    records = list(rows)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()

    assert users(records) == (["457"] if goes_on else [])
    assert records[0].stops is not goes_on
    assert peak < 12 * MIB


def test_many_broken_rows_take_no_time_that_grows_with_the_square() -> None:
    row = '1,s,"a \\"b\\" c",low,n\n'

    records = read(HEAD + row * 5_000)

    assert len(records) == 5_000
    assert {record.stops for record in records} == {False}
