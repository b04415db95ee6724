"""What the events of a log are, as its mapping file describes them (`demo --replay`).

A mapping file describes the log. Its `[fields]` describe the ticket when its case comes
first; its `[replay]` describes what happens:

    [replay]
    case = "Case ID"                      # names the case; else fields.external_id does
    at = "Complete Timestamp"             # when; read with `times`
    order = ["sys_mod_count"]             # numbers that order events of one instant
    what = "Activity"                     # what happened: a column, a template or a table ...
    means = { "Wait" = "wait" }           # ... and which deed each of its words is
    actor = { column = "Resource", pattern = '(\\d+)' }
    agent = { column = "Resource", pattern = '(\\d+)' }
    message = "{Activity}: {Remark}"      # text of notes, replies and answers
    stand_in = 999                        # the agent of work that names none
    follows = ["priority"]                # priority, agent: every event sets them anew
    renews = true                         # with --bridge, resolving again reopens first
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from difflib import get_close_matches
from enum import StrEnum

from savctl.domain.imports.field_mapping import FieldSource
from savctl.domain.imports.mapping import known, source, strings, table, whole
from savctl.domain.imports.mapping_errors import MappingError
from savctl.domain.model.priority import Priority
from savctl.domain.model.states import Status
from savctl.errors import InvalidInput


class Deed(StrEnum):
    """What an event can be: each stands for a command of savctl."""

    CREATE = "create"  # ticket create; any other deed creates its ticket first if need be
    PRIORITY = "priority"  # ticket priority
    OPEN = "open"  # ticket unassign
    TAKE = "take"  # ticket assign; from waiting also resume, from resolved reopen
    WAIT = "wait"  # ticket wait
    RESOLVE = "resolve"  # ticket resolve
    CLOSE = "close"  # ticket close
    NOTE = "note"  # message add --internal
    REPLY = "reply"  # message add --from customer
    ANSWER = "answer"  # message add --from agent


LEADS_TO: Mapping[Deed, Status] = {
    Deed.OPEN: Status.OPEN,
    Deed.TAKE: Status.IN_PROGRESS,
    Deed.WAIT: Status.WAITING_CUSTOMER,
    Deed.RESOLVE: Status.RESOLVED,
    Deed.CLOSE: Status.CLOSED,
}
MESSAGES = frozenset({Deed.NOTE, Deed.REPLY, Deed.ANSWER})

_KEYS = (
    "case",
    "at",
    "order",
    "what",
    "means",
    "actor",
    "agent",
    "message",
    "stand_in",
    "follows",
    "renews",
)
_FOLLOWED = ("priority", "agent")


@dataclass(frozen=True, slots=True, kw_only=True)
class ReplayPlan:
    """The `[replay]` table of a mapping file."""

    at: FieldSource
    what: FieldSource
    means: Mapping[str, Deed]
    order: tuple[FieldSource, ...] = ()
    sources: Mapping[str, FieldSource] = field(default_factory=dict)
    stand_in: int | None = None
    follows: frozenset[str] = frozenset()
    renews: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class LogEvent:
    """One event: what happened to which case, when, by whom; ids as far as the log has them.

    `row` is the log's own row, from which the ticket is made when the case comes first.
    """

    line: int
    at: datetime
    case: str
    deed: Deed
    actor: int | None = None
    agent: int | None = None
    priority: Priority | None = None
    message: str = ""
    row: object = None

    @property
    def leads_to(self) -> Status | None:
        """The status it asks for, if it asks for one."""
        return LEADS_TO.get(self.deed)


def plan(values: Mapping[str, object] | None) -> ReplayPlan:
    """The plan in a mapping's `[replay]`.

    Raises:
        InvalidInput: it is missing, or has a value without meaning.
    """
    if not values:
        raise InvalidInput(
            "the mapping has no [replay]",
            hint="Add [replay] with case, at, what and [replay.means].",
        )
    known(values, _KEYS, ("replay",))
    for key in ("at", "what"):
        if key not in values:
            raise MappingError("is missing: name a column", ("replay", key))
    follows = strings(values, "follows", ("replay",))
    known(dict.fromkeys(follows), _FOLLOWED, ("replay", "follows"))
    means = table(values, "means", ("replay",))
    return ReplayPlan(
        at=source(values["at"], ("replay", "at")),
        what=source(values["what"], ("replay", "what")),
        means={word: _deed(deed, word) for word, deed in means.items()},
        order=tuple(
            source(one, ("replay", "order")) for one in strings(values, "order", ("replay",))
        ),
        sources={
            name: source(values[name], ("replay", name))
            for name in ("case", "actor", "agent", "message")
            if name in values
        },
        stand_in=whole(values, "stand_in", ("replay",)) or None,
        follows=frozenset(follows),
        renews=values.get("renews") is True,
    )


def _deed(value: object, word: str) -> Deed:
    try:
        return Deed(str(value))
    except ValueError:
        near = get_close_matches(str(value), tuple(Deed), n=1)
        guess = f"Did you mean {str(near[0])!r}?" if near else f"Known: {', '.join(Deed)}."
        path = ("replay", "means", word)
        raise MappingError(f"{str(value)[:60]!r} is no deed", path, hint=guess) from None
