"""A plan as a file: JSON lines, a header and then a row a ticket (rules 15.1, settled 15, 16).

The header has a digest over the rows and one over header and rows: a plan that was edited or cut
short is refused, as is one of another database. Whoever wrote a digest of their own gains nothing:
every row is judged again by the rules, on the locked ticket.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from hashlib import sha256
from itertools import chain
from pathlib import Path
from typing import Any

from savctl.domain.clock import second_text
from savctl.errors import InvalidInput
from savctl.persistence.engine import Database
from savctl.persistence.schema.database_id import database_id
from savctl.usecases.batch.json_lines import json_line, json_object, read_lines, write_lines
from savctl.usecases.bulk.order import BulkOrder, order_from
from savctl.usecases.bulk.plan import Plan, PlanRefused
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
        "sha256": plan.sha256,
    }
    header["digest"] = _digest(header)
    write_lines(path, chain((json_line(header),), plan.lines()), overwrite=overwrite)


def read_plan(database: Database, path: Path, *, verb: str) -> tuple[BulkOrder, Plan]:
    """The plan in the file, copied where nobody changes it while it is carried out.

    Raises:
        InvalidInput: it is no plan, or one of another verb.
        PlanRefused: it was edited or cut short, or it is of another database.
    """
    lines = read_lines(path)
    header = _header(lines, path)
    plan = Plan()
    for _, raw in lines:
        plan.add_line(raw)
    if header.get("digest") != _digest(header) or header.get("sha256") != plan.sha256:
        raise PlanRefused(
            f"the plan {path} was edited or cut short", hint="Make a new one with --plan-out."
        )
    if header.get("operation") != verb:
        raise InvalidInput(
            f"the plan {path} is one of 'ticket bulk {header.get('operation')}', not of {verb}"
        )
    _require_here(database, header.get("database"), path)
    order = order_from(header["operation"], header.get("arguments"))
    plan.count()
    return order, plan


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
