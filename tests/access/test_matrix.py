"""Role, command and relation to the ticket: which of 0, 4, 5 and 7 is answered (rules 12.3, 12.4).

Each cell is a dry run or a reading command, on a ticket of its own kind.
"""

from __future__ import annotations

import shlex
from pathlib import Path

import pytest

from savctl.domain.model.states import Status
from savctl.persistence.engine import Database
from savctl.ports import SetClock
from savctl.usecases.operation import Operation
from savctl.usecases.tickets.merging import merge_tickets
from tests.access.token_users import with_token_of
from tests.conftest import Cli
from tests.files.making import JPEG
from tests.given import AGENT, CUSTOMER, brought_to, created, snapshot, write

OTHER = 9
RELATIONS = ("open", "working", "resolved", "closed", "merged", "others open", "others working")
# The answers in the order of RELATIONS. The tickets are CUSTOMER's, and AGENT's once they were
# assigned; the last two are of another customer, the very last one of another agent too.
CUSTOMER_CELLS = {
    "ticket show {t}": "0000044",
    "ticket show {t} --with messages,attachments,history": "0000044",
    "ticket history {t}": "0000044",
    "message list {t}": "0000044",
    "attachment list {t}": "0000044",
    "message add {t} --body x -n": "0005544",
    "message read {t} -n": "0000044",
    "attachment add {t} photo.jpg -n": "0005544",
    "ticket reopen {t} -n": "5005544",
    "ticket close {t} -n": "7707744",
    "ticket create --subject s --description d --follow-up-of {t} -n": "0000044",
    "ticket show {t} --with sla": "7777744",
    "ticket edit {t} --subject x -n": "7777777",
    "ticket assign {t} --to 5 -n": "7777777",
    "ticket resolve {t} -n": "7777777",
    "ticket priority {t} low --reason x -n": "7777777",
    "sla show {t}": "7777777",
    "attachment access id:{t}": "7777777",
}
AGENT_CELLS = {
    "ticket show {t} --with sla": "0000404",
    "ticket history {t}": "0000404",
    "message list {t}": "0000404",
    "message add {t} --body x -n": "0005404",
    "ticket edit {t} --subject x -n": "0005404",
    "ticket assign {t} --to 5 -n": "0005404",
    "ticket priority {t} low --reason x -n": "0005404",
    "ticket close {t} --reason spam -n": "0500404",
    "sla show {t}": "0000404",
    "sla explain {t}": "0000404",
    "attachment access id:{t}": "0000404",
    "message add {t} --from agent:5 --body x -n": "7777474",
    "archive show {t}": "7777777",
    "gdpr hold add {t} --reason x -n": "7777777",
}


def tickets(database: Database, clock: SetClock) -> dict[str, int]:
    """A ticket for each relation."""
    found = {
        "open": created(database, clock),
        "working": brought_to(database, clock, Status.IN_PROGRESS),
        "resolved": brought_to(database, clock, Status.RESOLVED),
        "closed": brought_to(database, clock, Status.CLOSED),
        "merged": created(database, clock),
        "others open": created(database, clock, user_id=OTHER),
        "others working": brought_to(database, clock, Status.IN_PROGRESS, user_id=OTHER),
    }
    op = Operation(database, clock, actor=None)
    merge_tickets(op, [found["merged"].id], found["working"].id)
    write(
        database,
        f"UPDATE support_tickets SET assigned_to = {OTHER} "
        f"WHERE id = {found['others working'].id}",
    )
    write(
        database,
        f"UPDATE support_tickets SET assigned_to = {AGENT} WHERE id = {found['closed'].id}",
    )
    return {name: ticket.id for name, ticket in found.items()}


@pytest.mark.parametrize(
    ("role", "words", "codes"),
    [
        *(("customer", words, codes) for words, codes in CUSTOMER_CELLS.items()),
        *(("agent", words, codes) for words, codes in AGENT_CELLS.items()),
    ],
)
def test_the_answer_to_each_role_for_each_relation(
    cli: Cli,
    database: Database,
    clock: SetClock,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    role: str,
    words: str,
    codes: str,
) -> None:
    (tmp_path / "photo.jpg").write_bytes(JPEG)
    ids = tickets(database, clock)
    with_token_of(monkeypatch, CUSTOMER if role == "customer" else AGENT, role)
    before = snapshot(database)

    found = {
        name: cli(*shlex.split(words.format(t=ids[name])), "-o", "json").code for name in RELATIONS
    }

    assert found == dict(zip(RELATIONS, map(int, codes), strict=True))
    after = snapshot(database)
    assert {n: r for n, r in after.items() if n != "savctl_audit"} == {
        n: r for n, r in before.items() if n != "savctl_audit"
    }
