"""Which column types savctl can live with, and why it cannot with the others.

The question behind every answer: would the service's and savctl's reads and writes still work,
and still mean the same?
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import StrEnum

from savctl.persistence.schema.inspection.shapes import TypeShape


class DifferenceLevel(StrEnum):
    """Whether savctl takes over a database with this difference."""

    ERROR = "error"
    TOLERATED = "tolerated"


@dataclass(frozen=True, slots=True)
class DifferenceVerdict:
    """A level and the reason for it."""

    level: DifferenceLevel
    why: str


INTS = ("tinyint", "smallint", "mediumint", "int", "bigint")
TEXTS = ("char", "varchar", "tinytext", "text", "mediumtext", "longtext")
_TEXT_BYTES = {"tinytext": 2**8 - 1, "text": 2**16 - 1, "mediumtext": 2**24 - 1}
_TEXT_BYTES["longtext"] = 2**32 - 1
_BYTES_OF_A_CHARACTER = 4

WIDER = DifferenceVerdict(
    DifferenceLevel.TOLERATED, "wider than specified: everything that is allowed fits"
)
NARROWER = DifferenceVerdict(
    DifferenceLevel.ERROR, "narrower than specified: values that are allowed do not fit"
)
OTHER = DifferenceVerdict(DifferenceLevel.ERROR, "another kind of value")


def judge_type(want: TypeShape, got: TypeShape) -> DifferenceVerdict | None:
    """What to think of a type on MariaDB or MySQL; None when it is as declared."""
    if want == got:
        return None
    rule = _RULES.get(want.kind)
    if rule is None:
        rule = _judge_text if want.kind in TEXTS else _judge_int
    return rule(want, got)


def judge_laravel_type(want: TypeShape, got: TypeShape) -> DifferenceVerdict | None:
    """The same in `users`, `jobs`, `cache` and `cache_locks`, where Laravel has its own types."""
    if want == got:
        return None
    for family in (INTS, TEXTS):
        if want.kind in family and got.kind in family:
            return DifferenceVerdict(DifferenceLevel.TOLERATED, "Laravel's own type for it")
    return OTHER


def judge_sqlite_type(want: TypeShape, got: TypeShape) -> DifferenceVerdict | None:
    """The same on SQLite, which keeps to a column's affinity only."""
    wanted, found = _affinity(want), _affinity(got)
    if want.kind == "enum":
        return _judge_enum(want, got)
    if want.kind in {"timestamp", "datetime", "json"}:
        return None if found in {"numeric", "text"} else OTHER
    is_whole = {wanted, found} <= {"integer", "numeric"}
    return None if wanted == found or is_whole else OTHER


def _judge_int(want: TypeShape, got: TypeShape) -> DifferenceVerdict | None:
    if got.kind not in INTS:
        return OTHER
    if want.kind == "tinyint":  # a boolean: 0 and 1 fit everywhere
        return None if got.kind == "tinyint" else WIDER
    if want.unsigned and not got.unsigned:
        return DifferenceVerdict(
            DifferenceLevel.ERROR, "UNSIGNED is lost: half of the allowed numbers do not fit"
        )
    if INTS.index(got.kind) < INTS.index(want.kind):
        return NARROWER
    return WIDER if got.kind != want.kind else NARROWER


def _judge_text(want: TypeShape, got: TypeShape) -> DifferenceVerdict | None:
    if got.kind not in TEXTS:
        return OTHER
    if got.kind == "char":
        return DifferenceVerdict(DifferenceLevel.ERROR, "CHAR drops spaces at the end")
    return WIDER if _capacity(got) >= _capacity(want) else NARROWER


def _capacity(shape: TypeShape) -> int:
    if shape.kind in _TEXT_BYTES:
        return _TEXT_BYTES[shape.kind]
    return (shape.size or 1) * _BYTES_OF_A_CHARACTER


def _judge_enum(want: TypeShape, got: TypeShape) -> DifferenceVerdict | None:
    if got.kind != "enum":
        return DifferenceVerdict(
            DifferenceLevel.ERROR, "any text fits: the database no longer refuses wrong values"
        )
    missing = [value for value in want.values if value not in got.values]
    unknown = [value for value in got.values if value not in want.values]
    if missing:
        return DifferenceVerdict(DifferenceLevel.ERROR, f"missing: {', '.join(missing)}")
    if unknown:
        return DifferenceVerdict(
            DifferenceLevel.ERROR, f"savctl does not know: {', '.join(unknown)}"
        )
    if want.values != got.values:
        return DifferenceVerdict(
            DifferenceLevel.TOLERATED,
            "another order: savctl names the values, but ORDER BY follows it",
        )
    return None


def _judge_json(_: TypeShape, got: TypeShape) -> DifferenceVerdict | None:
    if got.kind in {"mediumtext", "longtext"}:
        return DifferenceVerdict(
            DifferenceLevel.TOLERATED,
            "the database does not check the JSON; savctl db check reads it all",
        )
    return NARROWER if got.kind in TEXTS else OTHER


def _judge_timestamp(_: TypeShape, got: TypeShape) -> DifferenceVerdict | None:
    """DATETIME is refused: MySQL converts a TIMESTAMP to UTC, but keeps a DATETIME as typed."""
    if got.kind == "timestamp":
        return WIDER
    if got.kind == "datetime":
        return DifferenceVerdict(
            DifferenceLevel.ERROR,
            "the time zone of times of other programs is unknown",
        )
    return OTHER


def _judge_datetime(want: TypeShape, got: TypeShape) -> DifferenceVerdict | None:
    if got.kind != "datetime":
        return OTHER
    return WIDER if (got.size or 0) > (want.size or 0) else NARROWER


_RULES: Mapping[str, Callable[[TypeShape, TypeShape], DifferenceVerdict | None]] = {
    "enum": _judge_enum,
    "json": _judge_json,
    "timestamp": _judge_timestamp,
    "datetime": _judge_datetime,
}


def _affinity(shape: TypeShape) -> str:
    """SQLite's rule (its documentation: Determination Of Column Affinity)."""
    name = shape.kind
    if "int" in name:
        return "integer"
    if any(part in name for part in ("char", "clob", "text", "enum")):
        return "text"
    if any(part in name for part in ("real", "floa", "doub")):
        return "real"
    return "blob" if not name or "blob" in name else "numeric"
