"""A digest of a logged statement holds none of its values."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from savctl.persistence.statistics.digest_text import digest_text

MARKER = "marker"


@pytest.mark.parametrize(
    ("statement", "digest"),
    [
        (
            "SELECT id FROM `support_tickets`\n WHERE subject = 'Ada''s' AND id IN (1, 22,333)",
            "SELECT id FROM `support_tickets` WHERE subject = ? AND id IN (...)",
        ),
        (
            'INSERT INTO t (a, b2) VALUES ("x\\"y", -1.5e3), (_utf8mb4\'z\', NULL)',
            "INSERT INTO t (a, b2) VALUES (...), (_utf8mb4?, NULL)",
        ),
        ("SELECT 0xFF, x'4D79', b'01' /* Ada */ -- Ada\n FROM t", "SELECT ?, ?, ? FROM t"),
        ("UPDATE t SET name = 'cut off in the mid", "UPDATE t SET name = ?"),
        ("SELECT 1 /* cut off", "SELECT ?"),
        ("SELECT `col'umn`, t1.x3 FROM t1 LIMIT 50", "SELECT `col'umn`, t1.x3 FROM t1 LIMIT ?"),
    ],
)
def test_values_are_replaced_and_the_shape_stays(statement: str, digest: str) -> None:
    assert digest_text(statement) == digest


@given(st.text(), st.text(), st.booleans())
def test_no_quoted_text_survives(before: str, after: str, doubled: bool) -> None:
    quote = '"' if doubled else "'"
    value = f"{before}{MARKER}{after}".replace("\\", "\\\\").replace(quote, quote * 2)

    found = digest_text(f"SELECT a FROM t WHERE b = {quote}{value}{quote} AND c = 7")

    assert found == "SELECT a FROM t WHERE b = ? AND c = ?"


@given(st.integers(), st.floats(allow_nan=False, allow_infinity=False))
def test_no_number_survives(whole: int, real: float) -> None:
    found = digest_text(f"SELECT a1 FROM t WHERE b={whole} OR c={real!r}")

    assert found == "SELECT a1 FROM t WHERE b=? OR c=?"


def test_many_rows_have_the_shape_of_one_and_a_long_one_is_cut() -> None:
    rows = ", ".join(f"({n}, 'x')" for n in range(500))

    assert digest_text(f"INSERT INTO t VALUES {rows}") == "INSERT INTO t VALUES (...)"
    assert len(digest_text(f"SELECT {'column_name, ' * 500}")) == 1024
