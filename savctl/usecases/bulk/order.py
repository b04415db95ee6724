"""What a bulk command was asked to do: its verb, its step, its message (rules 15.1)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from savctl.domain.bulk.steps import BulkStep, BulkVerb, step_from
from savctl.domain.model.references import Reference
from savctl.domain.tickets.merging import duplicate_of
from savctl.errors import InvalidInput

if TYPE_CHECKING:
    from savctl.usecases.operation import Operation

UNDO = "undo"
AUTO = "auto"


@dataclass(frozen=True, slots=True, kw_only=True)
class BulkOrder:
    """One bulk command.

    `step` is what is done to every ticket; None where each row of the plan has its own, as for
    `--to auto` and `undo`. `message` goes to each customer as it was typed, `reason` is that of
    `--to auto`, `undoes` the operation that is taken back. `repeats` is the ticket that closed
    ones repeat, as it was typed; `with_original` looks it up.
    """

    verb: str
    step: BulkStep | None = None
    message: str | None = None
    reason: str | None = None
    undoes: str | None = None
    repeats: Reference | None = None

    def as_json(self) -> dict[str, object]:
        """Its arguments, as the plan's header has them."""
        found: dict[str, object] = {} if self.step is None else self.step.as_json()
        found.pop("verb", None)
        if self.step is None and self.verb != UNDO:
            found["to"] = AUTO
        for name in ("message", "reason", "undoes"):
            if (value := getattr(self, name)) is not None:
                found[name] = value
        return found

    def for_audit(self) -> dict[str, object]:
        """The same without the words to the customers: the audit holds no text of messages."""
        found = self.as_json()
        return found | {"message": True} if "message" in found else found


def with_original(op: Operation, order: BulkOrder) -> BulkOrder:
    """The order with the ticket that closed ones repeat, in its step and in the reason.

    Raises:
        NotFound: there is none, or it is not visible to who asks.
    """
    ref, step = order.repeats, order.step
    if ref is None or step is None:
        return order
    from savctl.persistence.unit_of_work import in_transaction  # help needs no SQLAlchemy

    original = in_transaction(op.database, lambda uow: uow.tickets.get(ref), dry_run=True)
    why = duplicate_of(original, step.reason)
    return replace(order, step=replace(step, reason=why, duplicate_of=original.id), repeats=None)


def order_from(verb: object, arguments: object) -> BulkOrder:
    """The order that a plan's header describes.

    Raises:
        InvalidInput: it describes none.
    """
    if not isinstance(verb, str) or not isinstance(arguments, Mapping):
        raise InvalidInput("the plan names no operation")
    texts = {name: _text(arguments.get(name)) for name in ("message", "reason", "undoes")}
    if verb == UNDO or arguments.get("to") == AUTO:
        return BulkOrder(
            verb=verb,
            message=texts["message"],
            reason=texts["reason"],
            undoes=texts["undoes"],
        )
    if verb not in set(BulkVerb):
        raise InvalidInput(f"the plan's operation {verb[:40]!r} is unknown")
    step = step_from({**arguments, "verb": verb})
    return BulkOrder(verb=verb, step=step, message=texts["message"])


def _text(value: object) -> str | None:
    if value is not None and not isinstance(value, str):
        raise InvalidInput("an argument of the plan is not text")
    return value
