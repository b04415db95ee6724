"""Files of rows, sound and broken: every bad row has its line, and the others are read."""

from __future__ import annotations

import gzip
import io
from pathlib import Path

import pytest

from savctl.errors import InvalidInput
from savctl.usecases.imports import json_rows
from savctl.usecases.imports.records import Record
from savctl.usecases.imports.rows import format_of, reading


def read(path: Path, content: bytes, form: str = "csv") -> list[Record]:
    """The records of a file with this content."""
    path = path / "rows"
    path.write_bytes(content)
    with reading(path, form) as found:
        return list(found.records)


def problems(records: list[Record]) -> dict[int, str]:
    """The reason of each bad row, by line."""
    return {record.line: record.problem for record in records if record.problem is not None}


def values(records: list[Record]) -> list[object]:
    """What the good rows hold."""
    return [record.values for record in records if record.problem is None]


def test_rows_have_the_number_of_their_first_line(tmp_path: Path) -> None:
    records = read(tmp_path, b'a,b\n1,"two\nlines"\n\n3,4\r\n5,6')

    assert [(r.line, r.values) for r in records] == [
        (2, ["1", "two\nlines"]),
        (5, ["3", "4"]),
        (6, ["5", "6"]),
    ]
    assert records[0].raw == '1,"two\nlines"\n'


def test_bad_rows_are_named_and_the_others_read(tmp_path: Path) -> None:
    content = b'a,b\n1,2\n1,2,3\n\xff,x\n3,4\n"a"b,c\nx\0y,z\n5,6\n1,"open\n7,8\n'

    records = read(tmp_path, content)

    assert values(records) == [["1", "2"], ["3", "4"], ["5", "6"]]
    assert problems(records) == {
        3: "3 columns where the header has 2",
        4: "not UTF-8 (character 1 of the row)",
        6: "column 1 (a): a quote inside a quoted cell is not written twice",
        7: "contains a NUL character",
        9: "column 2 (b): a quote is opened and never closed; nothing from this line on was read",
    }
    assert [record.line for record in records if record.stops] == [9]


def test_json_lines_are_read_and_bad_ones_named(tmp_path: Path) -> None:
    content = b'{"a": 1}\n\n[1]\n{"a": }\n{"a": NaN}\n{"a": "\\ud800"}\n\xff\n{"a": 2}'

    records = read(tmp_path, content, "jsonl")

    assert values(records) == [{"a": 1}, {"a": 2}]
    assert set(problems(records)) == {3, 4, 5, 6, 7}


def test_deep_json_is_a_bad_row(tmp_path: Path) -> None:
    records = read(tmp_path, b"[" * 100_000 + b'\n{"a": 1}\n', "jsonl")

    assert set(problems(records)) == {1}
    assert values(records) == [{"a": 1}]


def test_gzip_and_a_byte_order_mark_are_noticed(tmp_path: Path) -> None:
    records = read(tmp_path, gzip.compress(b"\xef\xbb\xbfa,b\n1,2\n"))

    assert values(records) == [["1", "2"]]


def test_a_damaged_gzip_gives_what_is_before_the_damage(tmp_path: Path) -> None:
    content = b"a,b\n" + b"".join(b"%d,x\n" % n for n in range(200_000))

    records = read(tmp_path, gzip.compress(content)[:-20_000])

    assert len(values(records)) > 1_000
    assert "damaged" in next(iter(problems(records).values()))


def test_a_line_of_json_that_is_too_long_is_a_bad_row(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(json_rows, "LONGEST_LINE", 64)

    content = b'{"a": 1}\n{"a": "' + b"x" * 500 + b'"}\n{"a": 2}\n'
    records = read(tmp_path, content, "jsonl")

    assert values(records) == [{"a": 1}, {"a": 2}]
    assert set(problems(records)) == {2}


@pytest.mark.parametrize(
    ("content", "message"),
    [(b"", "empty"), (b"\xff\xfea\0", "UTF-16"), (b'"a\n', "no header")],
)
def test_a_file_without_a_header_is_refused(tmp_path: Path, content: bytes, message: str) -> None:
    with pytest.raises(InvalidInput, match=message):
        read(tmp_path, content)


def test_a_file_that_cannot_be_read_is_named(tmp_path: Path) -> None:
    with (
        pytest.raises(InvalidInput, match=r"cannot read .*nowhere"),
        reading(tmp_path / "nowhere", "csv"),
    ):
        pass


def test_stdin_is_read_for_no_path(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(b"a\n1\n")))

    with reading(None, "csv") as found:
        assert values(list(found.records)) == [["1"]]


@pytest.mark.parametrize(
    ("name", "form"),
    [("x.csv", "csv"), ("x.CSV.gz", "csv"), ("a.b.jsonl", "jsonl"), ("x.txt", None), ("x", None)],
)
def test_the_name_tells_the_format(name: str, form: str | None) -> None:
    assert format_of(name) == form
