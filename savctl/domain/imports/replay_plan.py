"""What the events of a log are, as its mapping file describes them (`demo --replay`).

A mapping file describes the log. Its `[fields]` describe the ticket when its case comes
first; its `[replay]` describes what happens:

    [replay]
    case = "Case ID"                      # names the case; else fields.external_id does
    at = "Complete Timestamp"             # when; read with `times`
    order = ["sys_mod_count"]             # numbers that order events of one instant
    what = "Activity"                     # the column with what happened ...
    means = { "Wait" = "wait" }           # ... and which deed each of its words is
    actor = { column = "Resource", pattern = '(\\d+)' }
    agent = { column = "Resource", pattern = '(\\d+)' }
    message = { template = "{Activity}" } # text of notes, replies and answers
    stand_in = 999                        # the agent of work that names none
    follows = ["priority"]                # priority, agent: every event sets them anew
    renews = true                         # with --bridge, resolving again reopens first
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from savctl.domain.imports.field_mapping import FieldSource
from savctl.domain.imports.mapping import known, source, strings, table, whole
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

    at: str
    what: str
    means: Mapping[str, Deed]
    order: tuple[str, ...] = ()
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
        raise InvalidInput("the mapping has no [replay]", hint="See docs/import.md.")
    known(values, _KEYS, "replay")
    at, what = (strings(values, key) for key in ("at", "what"))
    if len(at) != 1 or len(what) != 1:
        raise InvalidInput("mapping: replay needs `at` and `what`, each the name of a column")
    follows = strings(values, "follows")
    known(dict.fromkeys(follows), _FOLLOWED, "replay.follows")
    return ReplayPlan(
        at=at[0],
        what=what[0],
        means={word: _deed(deed, word) for word, deed in table(values, "means").items()},
        order=strings(values, "order"),
        sources={
            name: source(values[name], f"replay.{name}")
            for name in ("case", "actor", "agent", "message")
            if name in values
        },
        stand_in=whole(values, "stand_in", "replay") or None,
        follows=frozenset(follows),
        renews=values.get("renews") is True,
    )


def _deed(value: object, word: str) -> Deed:
    known({str(value): None}, tuple(Deed), f"replay.means of {word!r}")
    return Deed(str(value))
