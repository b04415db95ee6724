"""What one may not see does not exist: byte for byte the answer to what nobody was ever given.

Rules 12.3, 12.4; both databases, every command that names a ticket, a message or a file.
"""

from __future__ import annotations

import re
import shlex
from pathlib import Path

import pytest

from savctl.domain.access.file_access import Role
from savctl.domain.access.policy import may_run
from savctl.domain.model.states import Status
from savctl.persistence.engine import Database
from savctl.ports import SetClock
from savctl.usecases.operation import Operation
from savctl.usecases.tickets.conversation import add_message
from tests.access.naming import FILES, MESSAGES, TICKETS, command_of, unnamed
from tests.access.strangers import OTHER, asker, begin_at, hidden_files
from tests.access.token_users import with_token_of
from tests.conftest import Cli
from tests.files.making import JPEG
from tests.given import CUSTOMER, brought_to, snapshot

NEVER = 999_999
NOBODY = {"id": str(NEVER), "number": "TKT-ZZZZZZZZ"}
FOLLOW_UP = "ticket create --user {me} --subject s --description d --follow-up-of {t}"
OTHER_CODES = {
    # an option that is not the role's, on a ticket that is seen: what it names is not looked at
    ("customer", "ticket close {seen} --duplicate-of {t}"): 7,
    ("agent", "ticket close {t}"): 2,  # a reason is needed
    ("customer", "ticket search {t}"): 0,  # finds nothing
    ("agent", "ticket search {t}"): 0,
}
GROUPS = ("ticket", "message", "attachment", "sla", "admin")
Answer = tuple[int, str, str]


def group_of(words: str) -> str:
    """The command group; those of admins only are one."""
    name = words.split(maxsplit=1)[0]
    return name if name in GROUPS else "admin"


def answer(cli: Cli, words: str, **names: object) -> Answer:
    found = cli(*shlex.split(words.format(**names)), "-o", "json")
    return found.code, found.out, found.err


def renamed(err: str, given: object, unknown: object) -> str:
    """The same words about what never was; an exit code is no ticket."""
    return re.sub(rf'(?<!"exit": )\b{given}\b', str(unknown), err)


def expected(role: str, words: str) -> int:
    """4 where the role may run it: the command is answered first, then the ticket."""
    code = 4 if may_run(Role(role), command_of(words)) else 7
    return OTHER_CODES.get((role, words), code)


def unaudited(database: Database) -> dict[str, object]:
    """Every row but the refusals that the audit keeps."""
    return {name: found for name, found in snapshot(database).items() if name != "savctl_audit"}


def test_every_parameter_that_may_name_a_ticket_a_message_or_a_file_has_a_line() -> None:
    assert list(unnamed()) == []


@pytest.mark.slow("each line is a command for each relation")
@pytest.mark.each_database("what a role sees is a condition of each query")
@pytest.mark.parametrize("group", GROUPS)
@pytest.mark.parametrize("role", ["customer", "agent"])
def test_a_ticket_that_is_not_seen_is_answered_as_one_that_never_was(
    cli: Cli,
    database: Database,
    clock: SetClock,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    role: str,
    group: str,
) -> None:
    (tmp_path / "photo.jpg").write_bytes(JPEG)
    who = asker(cli, database, clock, role)
    with_token_of(monkeypatch, who.me, role)
    before = unaudited(database)

    for words in (line for line in TICKETS if group_of(line) == group):
        others = {"me": who.me, "seen": who.seen.id}
        never = {form: answer(cli, words, t=NOBODY[form], **others) for form in NOBODY}
        assert {found[0] for found in never.values()} == {expected(role, words)}, (words, never)
        for place, (relation, ticket) in enumerate(who.hidden.items()):
            if words == FOLLOW_UP and relation == "archived, once mine" and role == "customer":
                continue  # that is what one may follow up
            form = "number" if relation.startswith("archived") or place % 2 else "id"
            given = ticket.ticket_number if form == "number" else ticket.id
            code, out, err = answer(cli, words, t=given, **others)
            shown = (code, renamed(out, given, NOBODY[form]), renamed(err, given, NOBODY[form]))
            assert shown == never[form], (words, relation)
    assert unaudited(database) == before


@pytest.mark.each_database("what a role sees is a condition of each query")
@pytest.mark.parametrize("words", MESSAGES)
def test_a_message_of_a_ticket_that_is_not_seen_never_was(
    cli: Cli, database: Database, clock: SetClock, monkeypatch: pytest.MonkeyPatch, words: str
) -> None:
    who = asker(cli, database, clock, "agent")
    op = Operation(database, clock, actor=None)
    _, message, _ = add_message(
        op, who.hidden["other's"].id, sender=("customer", OTHER), body="Private."
    )
    with_token_of(monkeypatch, who.me, "agent")
    before = snapshot(database)

    never = answer(cli, words, m=999_997, seen=who.seen.id)
    code, out, err = answer(cli, words, m=message["id"], seen=who.seen.id)

    assert never[0] == 4
    assert (code, out, renamed(err, message["id"], 999_997)) == never
    assert snapshot(database) == before


@pytest.mark.slow("each line is a command for each relation")
@pytest.mark.each_database("what a role sees is a condition of each query")
@pytest.mark.parametrize("role", ["customer", "agent"])
def test_a_file_that_is_not_seen_never_was(
    cli: Cli,
    database: Database,
    clock: SetClock,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    role: str,
) -> None:
    who = asker(cli, database, clock, role)
    hidden = hidden_files(cli, database, tmp_path, who)
    with_token_of(monkeypatch, who.me, role)
    before = unaudited(database)

    for words in FILES:
        never = answer(cli, words, f=999_998)
        assert never[0] == expected(role, words), words
        for relation, file_id in hidden.items():
            code, out, err = answer(cli, words, f=file_id)
            assert (code, out, renamed(err, file_id, 999_998)) == never, (words, relation)
    assert unaudited(database) == before


def test_in_a_batch_a_ticket_that_is_not_seen_never_was(
    cli: Cli, database: Database, clock: SetClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    begin_at(database, clock, 7_000)
    resolved = brought_to(database, clock, Status.RESOLVED)
    theirs = brought_to(database, clock, Status.RESOLVED, user_id=OTHER)
    with_token_of(monkeypatch, CUSTOMER, "customer")

    def batch(other: int) -> Answer:
        stdin = f"{resolved.id}\n{other}\n"
        found = cli("ticket", "reopen", "-", "-n", "-o", "ids", stdin=stdin)
        return found.code, found.out, renamed(found.err, other, NEVER)

    assert batch(theirs.id) == batch(NEVER)
    assert batch(theirs.id)[0] == 3
