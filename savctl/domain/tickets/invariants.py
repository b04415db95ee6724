"""The invariants by id: how bad, what it means, what to do, and whether a repair is safe.

A repair is safe when it loses nothing and invents nothing: it puts back what the audit holds,
sets a stamp to what an unbroken history proves, keeps unreadable metadata under a key.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType


class Severity(StrEnum):
    """An error is a broken invariant; warnings and infos leave the check fine."""

    ERROR = "error"
    WARNING = "warning"
    INFO = "info"


@dataclass(frozen=True, slots=True)
class Invariant:
    """A rule; `repair` is what `--fix` does, None where a person must decide."""

    id: str
    severity: Severity
    meaning: str
    advice: str
    repair: str | None = None


_E, _W, _I = Severity
_BY_HISTORY = "set to what the history proves, where it is unbroken"
_CLEARED = "cleared where the history is unbroken; the old value goes into the audit"
_MOVED = "another program moved the ticket without writing the history; its SLA clock is partial"

_TABLE: tuple[Invariant, ...] = (
    Invariant(
        "file-damaged",
        _E,
        "the SQLite file is damaged",
        "restore it from a backup",
    ),
    Invariant(
        "value-unknown",
        _E,
        "a status or priority that the schema does not have",
        "correct the row: it is shown as it is, and no rule applies to it",
    ),
    Invariant(
        "agent-missing",
        _E,
        "in_progress without an agent",
        "savctl ticket assign TKT --to AGENT",
    ),
    Invariant(
        "agent-missing-waiting",
        _W,
        "waiting_customer without an agent",
        "savctl ticket assign TKT --to AGENT, or the customer's answer cannot move it",
    ),
    Invariant(
        "agent-on-open",
        _W,
        "open, but it has an agent",
        "savctl ticket assign TKT --to AGENT, or savctl ticket unassign TKT",
    ),
    Invariant(
        "resolved-at-missing",
        _E,
        "resolved, or closed from resolved, without resolved_at",
        "the history does not show it; close-resolved uses updated_at",
        _BY_HISTORY,
    ),
    Invariant(
        "resolved-at-left",
        _E,
        "resolved_at on a ticket that is not resolved",
        "the history does not prove it wrong; clear it by hand",
        _CLEARED,
    ),
    Invariant(
        "closed-at-missing",
        _E,
        "closed without closed_at",
        "the history does not show it; archive and retention count from closed_at",
        _BY_HISTORY,
    ),
    Invariant(
        "closed-at-left",
        _E,
        "closed_at on a ticket that is not closed",
        "was it opened again by another program? closed is final",
        _CLEARED,
    ),
    Invariant(
        "time-unreadable",
        _E,
        "an invalid time of a ticket, such as a zero date",
        "correct the row: every rule takes the time for missing, and the archive leaves it",
    ),
    Invariant(
        "time-in-future",
        _E,
        "a time in the future",
        "look at clocks and time zones of the programs that write: savctl doctor",
    ),
    Invariant(
        "time-ahead",
        _W,
        "a time a few minutes ahead",
        "a host's clock was ahead when it wrote; savctl doctor shows whether it still is",
    ),
    Invariant(
        "slot-in-future",
        _E,
        "a job's slot, or its first sight, in the future of the database's clock",
        "a host's clock was ahead; savctl db check --fix removes the row",
        "removed; what the run did stays in the audit",
    ),
    Invariant(
        "history-broken",
        _E,
        "the statuses in the history are no unbroken chain of legal transitions",
        _MOVED,
    ),
    Invariant(
        "history-end",
        _E,
        "the history does not end in the ticket's status",
        _MOVED,
    ),
    Invariant(
        "history-order",
        _E,
        "the history runs backwards",
        "look at the clocks of the hosts: savctl doctor",
    ),
    Invariant(
        "history-foreign",
        _I,
        "history entries that savctl did not write and does not read",
        "nothing to do: they are kept",
    ),
    Invariant(
        "metadata-unreadable",
        _E,
        "metadata is not a JSON object",
        "savctl db check --fix keeps the text as metadata.unreadable",
        "kept as metadata.unreadable",
    ),
    Invariant(
        "audit-lost",
        _E,
        "metadata.history lacks entries that the audit has: another program rewrote it",
        "savctl db check --fix puts them back",
        "put back from the audit",
    ),
    Invariant(
        "audit-unknown",
        _W,
        "metadata.history has entries in savctl's form that the audit lacks",
        "from another savctl, a restored backup or another program; they are left as they are",
    ),
    Invariant(
        "event-without-audit",
        _E,
        "an event whose change is not in the audit",
        "was the audit or the outbox restored or written by hand?",
    ),
    Invariant(
        "merge-link",
        _E,
        "a merge that only one of the two tickets knows",
        "put metadata.merged_into or merged_from back, from the other side or the audit",
    ),
    Invariant(
        "merged-open",
        _E,
        "merged into another ticket, but not closed",
        "another program opened it again; savctl ticket close TKT --duplicate-of TKT",
    ),
    Invariant(
        "message-on-merged",
        _W,
        "a message that arrived on a ticket after it was merged away",
        "answer it on the ticket it went into; nobody looks at this one",
    ),
    Invariant(
        "number-twice",
        _E,
        "ticket numbers that differ in case only",
        "give one of them another number: commands name tickets in any case",
    ),
    Invariant(
        "orphan-message",
        _E,
        "a message whose ticket is gone",
        "restore the ticket, or delete the row",
    ),
    Invariant(
        "orphan-attachment",
        _E,
        "an attachment whose ticket or message is gone",
        "restore the ticket, or delete the row; its file is found by orphan-cleanup",
    ),
    Invariant(
        "attachment-elsewhere",
        _E,
        "an attachment on one ticket whose message is on another",
        "find out which is right: the other customer must not see the file",
    ),
    Invariant(
        "attachment-path",
        _W,
        "an attachment whose file_path is no key below tickets/",
        "find out what wrote it: attachment-purge will leave such an object alone",
    ),
    Invariant(
        "message-value",
        _E,
        "a message with a sender_type or a created_at that the schema does not have",
        "correct the row: it is nobody's answer, and the archive leaves its ticket",
    ),
    Invariant(
        "attachment-value",
        _E,
        "an attachment with a created_at that is no time, such as a zero date",
        "correct the row: the archive leaves its ticket",
    ),
    Invariant(
        "audit-of-gone-ticket",
        _I,
        "audit entries of tickets that are not here any more",
        "nothing to do after an archive, an erasure or retention",
    ),
    Invariant(
        "event-of-gone-ticket",
        _I,
        "events of tickets that are not here any more",
        "nothing to do after an archive, an erasure or retention",
    ),
)

INVARIANTS: Mapping[str, Invariant] = MappingProxyType({i.id: i for i in _TABLE})
