"""Who may run which command: one table, deny by default (rules 12.3).

A command that is in no line is for admins. What a role sees of the tickets is a condition of each
query (`savctl/persistence/visibility.py`); which options it may give, `cli/framework/gate/`.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from enum import StrEnum
from types import MappingProxyType

from savctl.domain.access.file_access import Role
from savctl.errors import NotPermitted


class AccessRefused(NotPermitted):
    """The role of the token does not allow it; the audit keeps the refusal."""

    code = "not_permitted"


class Need(StrEnum):
    """What a command asks of a token."""

    NOTHING = "nothing"  # it opens nothing of the shop's, and looks at no token
    CUSTOMER = "customer"  # customers, agents and admins
    AGENT = "agent"  # agents and admins
    SELF = "self"  # customers about themselves, and admins
    ADMIN = "admin"

    @property
    def for_role(self) -> str:
        """The least role that may run it about others."""
        return "admin" if self is Need.SELF else self.value


_N, _C, _A, _S, _ADMIN = Need

_TABLE: dict[str, dict[str, Need]] = {
    "ticket": {
        **dict.fromkeys(("create", "list", "show", "history", "search", "reopen", "close"), _C),
        **dict.fromkeys(("edit", "merge", "split", "duplicates", "next", "priority"), _A),
        **dict.fromkeys(("assign", "unassign", "wait", "resume", "resolve"), _A),
        **dict.fromkeys(("bulk assign", "bulk unassign", "bulk wait", "bulk resolve"), _A),
        **dict.fromkeys(("bulk close", "bulk priority", "bulk tag", "bulk undo"), _A),
        "import": _ADMIN,
    },
    "message": {"add": _C, "list": _C, "read": _C, "unread": _A},
    "attachment": {
        **dict.fromkeys(("add", "list", "get", "url"), _C),
        **dict.fromkeys(("delete", "restore", "access"), _A),
        **dict.fromkeys(("verify", "orphans"), _ADMIN),
        "check": _N,
    },
    "agent": {"workload": _A, "list": _ADMIN},
    "user": dict.fromkeys(("show", "list", "vip"), _ADMIN),
    "sla": {
        **dict.fromkeys(("show", "explain", "due"), _A),
        **dict.fromkeys(("breaches", "report", "audit", "simulate"), _ADMIN),
        "policy": _N,
    },
    "report": dict.fromkeys(("sla", "workload", "volume"), _ADMIN),
    "export": {"tickets": _ADMIN, "analytics": _ADMIN},
    "gdpr": {
        **dict.fromkeys(("find", "export"), _S),
        **dict.fromkeys(("hold add", "hold release", "hold list"), _ADMIN),
        **dict.fromkeys(("erase", "verify", "log list", "log show"), _ADMIN),
        **{f"requests {verb}": _ADMIN for verb in ("list", "add", "confirm", "cancel", "forgive")},
        "certificate check": _ADMIN,
        **dict.fromkeys(("schema", "inventory"), _N),
    },
    "archive": dict.fromkeys(("run", "list", "show", "verify", "restore"), _ADMIN),
    "event": {
        **dict.fromkeys(("list", "show", "tail", "status", "relay", "retry"), _ADMIN),
        **dict.fromkeys(("skip", "replay", "setup"), _ADMIN),
        "schema": _N,
    },
    "sync": {
        **dict.fromkeys(("setup", "consume", "status", "reconcile", "user", "order"), _ADMIN),
        **dict.fromkeys(("dead list", "dead show", "dead requeue", "dead drop"), _ADMIN),
    },
    "audit": {"list": _ADMIN},
    "keys": dict.fromkeys(("status", "rotate", "generate"), _ADMIN),
    "job": {
        **dict.fromkeys(("list", "run", "history", "why", "next", "unlock"), _ADMIN),
        "crontab": _N,
    },
    "scheduler": dict.fromkeys(("run", "tick", "status"), _ADMIN),
    "db": {
        **dict.fromkeys(("status", "size", "ping", "upgrade", "downgrade", "adopt"), _ADMIN),
        **dict.fromkeys(("optimize", "check", "committed", "slow", "indexes"), _ADMIN),
    },
    "backup": dict.fromkeys(
        ("create", "list", "show", "verify", "prune", "restore", "mirror", "drill"), _ADMIN
    ),
    "config": dict.fromkeys(("show", "check", "path"), _N),
    # these are groups of one command
    "": {
        **dict.fromkeys(("doctor", "metrics", "top"), _ADMIN),
        **dict.fromkeys(("states", "completion", "version", "demo"), _N),
    },
}


def _lines() -> Iterator[tuple[str, Need]]:
    for group, verbs in _TABLE.items():
        for verb, need in verbs.items():
            yield f"{group} {verb}".strip(), need


POLICY: Mapping[str, Need] = MappingProxyType(dict(_lines()))
# What the machine starts by itself, without `--as`; `job run NAME --due` is one of them, too.
MACHINES_OWN = frozenset(
    ("scheduler run", "scheduler tick", "event relay", "sync consume", "db upgrade")
)
_MAY: Mapping[Role, frozenset[Need]] = MappingProxyType(
    {
        Role.CUSTOMER: frozenset((Need.NOTHING, Need.CUSTOMER, Need.SELF)),
        Role.AGENT: frozenset((Need.NOTHING, Need.CUSTOMER, Need.AGENT)),
        Role.ADMIN: frozenset(Need),
    }
)


class Relation(StrEnum):
    """How the user of a token stands to a ticket."""

    OWN = "own"  # its customer
    ASSIGNED = "assigned"  # its agent, in every status
    QUEUE = "queue"  # open, and without an agent


# Which tickets exist for a role; None is all of them. The queries carry it as a condition.
SEES: Mapping[Role | None, frozenset[Relation] | None] = MappingProxyType(
    {
        None: None,
        Role.ADMIN: None,
        Role.CUSTOMER: frozenset((Relation.OWN,)),
        Role.AGENT: frozenset((Relation.ASSIGNED, Relation.QUEUE)),
    }
)


def need_of(command: str) -> Need:
    """What a command asks of a token; one that is not in the table is for admins."""
    return POLICY.get(command, Need.ADMIN)


def may_run(role: Role | None, command: str) -> bool:
    """Whether a role may run a command at all; an operator, who has no role, may run any."""
    return role is None or need_of(command) in _MAY[role]


def is_machines_own(command: str, *, is_slot: bool) -> bool:
    """Whether it is a form of a command that timers start; a slot is `job run NAME --due`."""
    return command in MACHINES_OWN or (is_slot and command == "job run")
