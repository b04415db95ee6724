"""Every way in which a command names a ticket, a message or a file, as words to be tried.

`{t}`, `{m}`, `{f}` stand for the ticket, message or file that is not seen, `{seen}` for a ticket
that is, `{me}` for the user of the token.
"""

from __future__ import annotations

import shlex
from collections.abc import Iterator
from typing import Any

from savctl.domain.access.policy import Need, need_of
from tests.cli.shop import COMMANDS

TICKETS = (
    "ticket show {t}", "ticket show {t} --with messages,attachments,history",
    "ticket show {t} --with sla", "ticket history {t}", "ticket list --after {t}",
    "ticket edit {t} --subject x",
    "ticket assign {t} --to 5", "ticket unassign {t} --reason x", "ticket wait {t}",
    "ticket resume {t}", "ticket resolve {t}", "ticket reopen {t}",
    "ticket close {t}", "ticket close {t} --reason x", "ticket close {seen} --duplicate-of {t}",
    "ticket bulk close --status resolved --duplicate-of {t} -n",
    "ticket priority {t} low --reason x", "ticket merge {t} --into {seen} --yes",
    "ticket merge {seen} --into {t} --yes",
    "ticket split {t} --messages 1",
    "ticket create --user {me} --subject s --description d --follow-up-of {t}",
    "message list {t}", "message read {t}",
    "message add {t} --body x", "message add {t} --from customer:{me} --body x",
    "message add {t} --from agent:1 --body x",
    "message add {t} --body x --idempotency-key k --attach photo.jpg",
    "attachment list {t}", "attachment list {t} --deleted", "attachment add {t} photo.jpg",
    "attachment add {t} photo.jpg --url", "attachment access {t}", "attachment verify {t}",
    "sla show {t}", "sla explain {t}", "sla breaches --ticket {t}", "archive show {t}",
    "archive restore {t} --confirm {t}", "gdpr hold add {t} --reason x",
    "gdpr hold release {t} --reason x", "audit list --ticket {t}", "event list --ticket {t}",
    "event replay --ticket {t} --yes", "archive list --after {t}", "ticket search {t}",
)  # fmt: skip
MESSAGES = ("ticket split {seen} --messages {m}", "ticket split {seen} --messages {m},999998")
FILES = (
    "attachment get {f} --out x.jpg", "attachment get {f} --out -", "attachment url {f}",
    "attachment delete {f}", "attachment restore {f}", "attachment access {f}",
)  # fmt: skip

# What names none of the three; a parameter that stands neither here nor in a line above fails.
_OTHERS = frozenset(
    (
        # of every command, or of several
        *("output", "config", "quiet", "verbose", "columns", "no_headers", "log_format", "at"),
        *("dry_run", "actor", "yes", "color", "help", "limit", "since", "until", "status", "sort"),
        *("priority", "user", "order", "category", "tag", "breached", "reason", "bridge", "force"),
        *("idempotency_key", "out", "url", "attach", "html", "by", "confirm", "with_"),
        "max_changes",
        # of one subject
        *("subject", "description", "meta", "order_value", "payment_failed", "vip", "untag", "to"),
        *("level", "across_customers", "min_score", "keep_times", "reject_to", "form"),
        *("mapping", "source", "resume", "events", "file", "body", "sender", "internal", "reopen"),
        *("other_customer", "public", "reader", "deleted", "files", "name", "expires", "quick"),
        *("only", "but", "last", "within", "warned", "type_", "policy", "action", "search", "off"),
        *("named", "with_internal", "decrypt", "waiting", "dead", "once", "event", "fail_on"),
        *("run_id", "due", "count", "kid", "token", "revision", "fix", "verify", "month"),
        *("mode", "except_held", "certificate", "kind", "entry"),
        # ticket bulk: the tickets come from stdin, and tests/bulk/test_roles.py tries them
        *("stdin", "every", "plan", "plan_out", "operation", "add", "remove"),
        # messages of other services
        *("skip_order_check", "exchanges", "most", "user_id", "order_id", "messages"),
        *("in_", "scan", "over", "state", "interval", "from_mirror"),
        *("metrics", "textfile"),
        # backups
        *("backup", "restore_test", "into", "in_place", "resend", "discard"),
    )
)  # fmt: skip
# These names mean a ticket with some commands, and something else here.
_NO_TICKET = frozenset(
    (
        *(("event list", "after"), ("event tail", "after"), ("audit list", "after")),
        *(("user list", "after"), ("sla breaches", "after"), ("sla breaches", "agent")),
        *(("ticket resolve", "message"), ("ticket wait", "message"), ("message unread", "agent")),
        *(("ticket list", "agent"), ("export tickets", "agent"), ("sla due", "agent")),
        *((words, "agent") for words in COMMANDS if words.startswith("ticket bulk ")),
        *(("ticket bulk wait", "message"), ("ticket bulk resolve", "message")),
        *(("ticket search", "agent"), ("ticket search", "after"), ("sync dead list", "after")),
        ("sync dead show", "message"),
        ("backup restore", "ticket"),  # one of the backup; an administrator's command
    )
)


def command_of(words: str) -> str:
    """The command that a line is of."""
    found = words.split()
    return next(one for n in (3, 2, 1) if (one := " ".join(found[:n])) in COMMANDS)


def named() -> set[tuple[str, str]]:
    """The parameters that the lines fill with a ticket, message or file, by their command."""
    return {
        (command_of(line), name)
        for line in (*TICKETS, *MESSAGES, *FILES)
        for name, value in _given(line).items()
        if any(mark in str(value) for mark in ("{t}", "{m}", "{f}"))
    }


def unnamed() -> Iterator[tuple[str, str]]:
    """The parameters of which nobody has decided whether they name one."""
    known = named() | _NO_TICKET
    for words, command in COMMANDS.items():
        params = command.params if need_of(words) is not Need.NOTHING else ()
        for one in params:
            if one.name not in _OTHERS and (words, one.name) not in known:
                yield words, one.name


def _given(line: str) -> dict[str, Any]:
    words = command_of(line)
    command = COMMANDS[words]
    context = command.make_context("savctl", [], resilient_parsing=True)
    given, _, _ = command.make_parser(context).parse_args(
        args=shlex.split(line)[len(words.split()) :]
    )
    return dict(given)
