"""What every command does to the stored data: one table, read by the common options.

A command that is not in the table counts as one that changes something.
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from types import MappingProxyType


class Effect(StrEnum):
    """What a command leaves behind; only a reading one takes `--at` without `--dry-run`."""

    READS = "reads"
    CHANGES = "changes"  # rows, objects, schema, or messages to the broker
    AUDITS = "audits"  # hands data out and records in the audit that it did
    GIVES_OUT = "gives_out"  # a link that works without savctl; the audit records it


_R, _C, _A, _G = Effect

_TABLE: dict[str, dict[str, Effect]] = {
    "ticket": {
        **dict.fromkeys(("list", "show", "history", "next", "duplicates", "search"), _R),
        **dict.fromkeys(("create", "edit", "import", "merge", "split"), _C),
        **dict.fromkeys(("assign", "unassign", "wait", "resume", "resolve"), _C),
        **dict.fromkeys(("reopen", "close", "priority"), _C),
        **dict.fromkeys(("bulk assign", "bulk unassign", "bulk wait", "bulk resolve"), _C),
        **dict.fromkeys(("bulk close", "bulk priority", "bulk tag", "bulk undo"), _C),
    },
    "message": {"list": _R, "unread": _R, "add": _C, "read": _C},
    "attachment": {
        **dict.fromkeys(("list", "access", "check", "orphans", "verify"), _R),
        **dict.fromkeys(("add", "delete", "restore"), _C),
        "get": _A,
        "url": _G,
    },
    "agent": {"workload": _R, "list": _R},
    "user": {"show": _R, "list": _R, "vip": _C},
    "sla": {
        **dict.fromkeys(("show", "explain", "due", "breaches", "report"), _R),
        **dict.fromkeys(("policy", "simulate"), _R),
        "audit": _C,
    },
    "report": {"sla": _R, "workload": _R, "volume": _R},
    "export": {"tickets": _A, "analytics": _A},
    "gdpr": {
        **dict.fromkeys(("find", "schema", "inventory", "hold list"), _R),
        **dict.fromkeys(("verify", "requests list", "log list", "log show"), _R),
        "certificate check": _R,
        **dict.fromkeys(("hold add", "hold release", "erase"), _C),
        **{f"requests {verb}": _C for verb in ("add", "confirm", "cancel", "forgive")},
        "export": _A,
    },
    "archive": {"list": _R, "show": _R, "verify": _R, "run": _C, "restore": _C},
    "event": {
        **dict.fromkeys(("list", "show", "schema", "tail", "status"), _R),
        **dict.fromkeys(("relay", "retry", "skip", "replay", "setup"), _C),
    },
    "sync": {
        **dict.fromkeys(("status", "dead list", "dead show"), _R),
        **dict.fromkeys(("setup", "consume", "reconcile", "user", "order"), _C),
        **dict.fromkeys(("dead requeue", "dead drop"), _C),
    },
    "audit": {"list": _R},
    "job": {
        **dict.fromkeys(("list", "history", "why", "next", "crontab"), _R),
        **dict.fromkeys(("run", "unlock"), _C),
    },
    "scheduler": {"run": _C, "tick": _C, "status": _R},
    "db": {
        **dict.fromkeys(("status", "size", "ping", "slow", "indexes"), _R),
        **dict.fromkeys(("upgrade", "downgrade", "adopt", "optimize", "check", "committed"), _C),
    },
    "keys": {"status": _R, "rotate": _C, "generate": _C},
    "backup": {
        **dict.fromkeys(("list", "show"), _R),
        **dict.fromkeys(("create", "verify", "prune", "restore", "mirror", "drill"), _C),
    },
    "config": {"show": _R, "check": _R, "path": _R},
    # these are groups of one command
    "": {
        **dict.fromkeys(("doctor", "metrics", "top", "states", "completion", "version"), _R),
        "demo": _C,
    },
}

EFFECTS: Mapping[str, Effect] = MappingProxyType(
    {
        f"{group} {verb}".strip(): effect
        for group, verbs in _TABLE.items()
        for verb, effect in verbs.items()
    }
)


# What to do instead of `--at` where there is no dry run to add it to.
_SHOWN_BY_JOBS = (
    "Leave out --at; savctl job run NAME --dry-run --at TIME shows what a job would do then."
)
INSTEAD_OF_AT: Mapping[str, str] = MappingProxyType(
    {"scheduler run": _SHOWN_BY_JOBS, "scheduler tick": _SHOWN_BY_JOBS}
)


def effect_of(words: str) -> Effect:
    """The effect of the command that these words name, such as `ticket list`."""
    return EFFECTS.get(words, Effect.CHANGES)
