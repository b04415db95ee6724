"""A plan as a file: JSON lines, a header and then a row a ticket (rules 15.1, settled 15, 16).

The header has a digest over the rows and one over header and rows: a plan that was edited or cut
short is refused, as is one of another database. Whoever wrote a digest of their own gains nothing:
every row is judged again by the rules, on the locked ticket.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from hashlib import sha256
from itertools import chain, islice
from pathlib import Path
from typing import Any

from savctl.domain.clock import second_text
from savctl.errors import InvalidInput
from savctl.persistence.engine import Database
from savctl.persistence.schema.database_id import database_id
from savctl.usecases.batch.json_lines import json_line, json_object, read_lines, write_lines
from savctl.usecases.bulk.order import BulkOrder, order_from
from savctl.usecases.bulk.plan import Plan, PlanRefused, row_of
from savctl.usecases.operation import Operation

_KIND, _VERSION = "ticket bulk", 1


def write_plan(
    op: Operation, order: BulkOrder, plan: Plan, path: Path, *, chosen: object, overwrite: bool
) -> None:
    """Write the plan down; `chosen` is the filter, or what stands for one.

    Raises:
        NeedsConfirmation: the file exists, and `overwrite` does not replace it.
        InvalidInput: it cannot be written.
    """
    rows = sha256()
    for line in _lines(plan):
        rows.update(line)
    header: dict[str, object] = {
        "plan": _KIND,
        "version": _VERSION,
        "operation": order.verb,
        "arguments": order.as_json(),
        "filter": chosen,
        "made_at": second_text(op.clock()),
        "database": _here(op.database),
        "rows": plan.summary.rows,
        "changes": plan.summary.changes,
        "sha256": rows.hexdigest(),
    }
    header["digest"] = _digest(header)
    write_lines(path, chain((json_line(header),), _lines(plan)), overwrite=overwrite)


def read_plan(database: Database, path: Path, *, verb: str) -> tuple[BulkOrder, Plan]:
    """The plan in the file, copied where nobody changes it while it is carried out.

    Raises:
        InvalidInput: it is no plan, or one of another verb.
        PlanRefused: it was edited or cut short, or it is of another database.
    """
    lines = read_lines(path)
    header = _header(lines, path)
    _require_whole(header, lines, path)
    if header.get("operation") != verb:
        raise InvalidInput(
            f"the plan {path} is one of 'ticket bulk {header.get('operation')}', not of {verb}"
        )
    _require_here(database, header.get("database"), path)
    plan = Plan()
    rows = sha256()
    for place, raw in islice(read_lines(path), 1, None):
        rows.update(raw)
        plan.add(row_of(_object(raw, place)))
    if rows.hexdigest() != header["sha256"]:
        raise _spoilt(path)  # it was changed while it was read
    return order_from(header["operation"], header.get("arguments")), plan


def _require_whole(
    header: Mapping[str, object], lines: Iterator[tuple[str, bytes]], path: Path
) -> None:
    """Pass when header and rows fit their digests."""
    rows = sha256()
    for _, raw in lines:
        rows.update(raw)
    if header.get("digest") != _digest(header) or header.get("sha256") != rows.hexdigest():
        raise _spoilt(path)


def _spoilt(path: Path) -> PlanRefused:
    return PlanRefused(
        f"the plan {path} was edited or cut short", hint="Make a new one with --plan-out."
    )


def _lines(plan: Plan) -> Iterator[bytes]:
    return (json_line(row.as_json()) for row in plan.rows())


def _object(raw: bytes, place: str) -> dict[str, Any]:
    try:
        return json_object(raw, place)
    except InvalidInput as problem:
        raise PlanRefused(problem.message) from None


def _header(lines: Iterator[tuple[str, bytes]], path: Path) -> dict[str, Any]:
    try:
        place, raw = next(lines)
        header = json_object(raw, place)
    except StopIteration:
        header = {}
    except InvalidInput as problem:
        if problem.message.startswith("cannot read"):
            raise
        header = {}
    if header.get("plan") != _KIND or header.get("version") != _VERSION:
        raise InvalidInput(
            f"{path} is not a plan of a bulk command", hint="--plan-out FILE writes one."
        )
    return header


def _digest(header: Mapping[str, object]) -> str:
    """Over everything else in the header, the digest of the rows among it."""
    return sha256(json_line({k: v for k, v in header.items() if k != "digest"})).hexdigest()


def _here(database: Database) -> dict[str, str]:
    return {"id": database_id(database), "name": database.name}


def _require_here(database: Database, planned: object, path: Path) -> None:
    here = _here(database)
    if planned == here:
        return
    name = planned.get("name") if isinstance(planned, dict) else None
    raise PlanRefused(
        f"the plan {path} is for the database {name}, not for this one ({here['name']})",
        hint="Make a plan on this database with --plan-out.",
    )
