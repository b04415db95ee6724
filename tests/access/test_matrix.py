"""Role, command and relation to the ticket: which of 0, 4, 5 and 7 is answered (rules 12.3, 12.4).

Each cell is a dry run or a reading command, on a ticket of its own kind. Every command that names
a ticket or a file has a line for each role that may run it; all others are refused.
"""

from __future__ import annotations

import shlex
from collections.abc import Mapping
from pathlib import Path

import pytest

from savctl.domain.access.file_access import Role
from savctl.domain.access.policy import may_run
from savctl.domain.model.states import Status
from savctl.persistence.engine import Database
from savctl.ports import SetClock
from savctl.usecases.operation import Operation
from savctl.usecases.tickets.conversation import add_message
from savctl.usecases.tickets.merging import merge_tickets
from tests.access.naming import FILES, TICKETS, command_of, named
from tests.access.token_users import with_token_of
from tests.cli.shop import close_long_ago, home_store
from tests.conftest import Cli
from tests.files.making import JPEG
from tests.given import AGENT, CUSTOMER, attached, brought_to, created, snapshot, write

OTHER = 9
NEVER = 999_999
RELATIONS = (
    *("open", "working", "waiting", "resolved", "closed", "merged", "archived"),
    *("others open", "others working", "never"),
)
# The answers in the order of RELATIONS. The tickets are CUSTOMER's, and AGENT's once they were
# assigned; the others' are of another customer, the last of them of another agent too.
CELLS: dict[Role, dict[str, str]] = {
    Role.CUSTOMER: {
        "ticket show {t}": "0000004444",
        "ticket show {t} --with messages,attachments,history": "0000004444",
        "ticket show {t} --with sla": "7777774444",
        "ticket history {t}": "0000004444",
        "ticket list --after {t}": "0000004444",
        "ticket search {t}": "0000000000",
        "ticket reopen {t} -n": "5050554444",
        "ticket close {t} -n": "7770774444",
        "ticket close {t} --reason x -n": "7770774444",
        "ticket close {t} --duplicate-of {t} -n": "7777774444",
        "ticket create --subject s --description d --follow-up-of {t} -n": "0000000444",
        "message list {t}": "0000004444",
        "message add {t} --body x -n": "0000554444",
        "message add {t} --body x --internal -n": "7777774444",
        "message add {t} --body x --reopen -n": "5550554444",
        "message read {t} -n": "0000004444",
        "attachment list {t}": "0000004444",
        "attachment add {t} photo.jpg -n": "0000554444",
        "attachment get {f} --out x.jpg --force": "0000---444",
        "attachment url {f}": "0000---444",
    },
    Role.AGENT: {
        "ticket show {t} --with sla": "0000044044",
        "ticket history {t}": "0000044044",
        "ticket list --after {t}": "0000044044",
        "ticket search {t}": "0000000000",
        "ticket edit {t} --subject x -n": "0000544044",
        "ticket assign {t} --to 5 -n": "0000544044",
        "ticket unassign {t} --reason x -n": "0055544044",
        "ticket wait {t} -n": "5005544544",
        "ticket resume {t} -n": "5005544544",
        "ticket resolve {t} -n": "5050544544",
        "ticket reopen {t} -n": "5050544544",
        "ticket close {t} --reason spam -n": "0500044044",
        "ticket close {seen} --duplicate-of {t} -n": "5555544544",
        "ticket bulk close --tag nothing --duplicate-of {t} -n": "0000044044",
        "ticket priority {t} low --reason x -n": "0000544044",
        "ticket merge {t} --into {seen} -n": "0000544544",
        "ticket merge {seen} --into {t} -n": "0000544544",
        "ticket split {t} --messages {m} -n": "0000544044",
        "ticket create --user 456 --subject s --description d --follow-up-of {t} -n": "0000044044",
        "message list {t}": "0000044044",
        "message add {t} --body x -n": "0000544044",
        "message add {t} --from customer:456 --body x -n": "0000544544",
        "message add {t} --from agent:5 --body x -n": "7777744744",
        "message add {t} --from customer:9 --other-customer --body x -n": "7777744744",
        "message read {t} -n": "0000044044",
        "attachment list {t}": "0000044044",
        "attachment add {t} photo.jpg -n": "0000544044",
        "attachment access id:{t}": "0000044044",
        "attachment get {f} --out x.jpg --force": "0000---044",
        "attachment url {f}": "0000---044",
        "attachment access {f}": "0000---044",
        "attachment delete {f} -n": "0000---044",
        "attachment restore {f} -n": "0000---044",
        "sla show {t}": "0000044044",
        "sla explain {t}": "0000044044",
    },
}


def tickets(cli: Cli, database: Database, clock: SetClock) -> dict[str, int]:
    """A ticket for each relation, each with a customer's message."""
    number = "TKT-9XQ4C7PA"
    close_long_ago(database, number)
    assert cli("archive", "run").code == 0
    cold = int(cli("archive", "show", number, "--columns", "id", "-o", "csv").out.split()[1])
    found = {
        "open": created(database, clock),
        "working": brought_to(database, clock, Status.IN_PROGRESS),
        "waiting": brought_to(database, clock, Status.WAITING_CUSTOMER),
        "resolved": brought_to(database, clock, Status.RESOLVED),
        "closed": brought_to(database, clock, Status.CLOSED),
        "merged": created(database, clock),
        "others open": created(database, clock, user_id=OTHER),
        "others working": brought_to(database, clock, Status.IN_PROGRESS, user_id=OTHER),
    }
    op = Operation(database, clock, actor=None)
    merge_tickets(op, [found["merged"].id], found["working"].id)
    ids = {name: ticket.id for name, ticket in found.items()}
    write(
        database,
        f"UPDATE support_tickets SET assigned_to = {OTHER} WHERE id = {ids['others working']}",
    )
    write(database, f"UPDATE support_tickets SET assigned_to = {AGENT} WHERE id = {ids['closed']}")
    return {**ids, "archived": cold, "never": NEVER}


def test_every_command_that_names_a_ticket_has_a_line_for_each_role_that_may_run_it() -> None:
    for role, cells in CELLS.items():
        wanted = {command for command, _ in named() if may_run(role, command)}

        assert {command_of(words) for words in cells} == wanted


GROUPS = sorted({(role, words.split()[0]) for role, cells in CELLS.items() for words in cells})


@pytest.mark.slow("each line is a command for each relation")
@pytest.mark.each_database("what a role sees is a condition of each query")
@pytest.mark.parametrize(("role", "group"), GROUPS)
def test_the_answer_to_each_role_for_each_relation(
    cli: Cli,
    database: Database,
    clock: SetClock,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    role: Role,
    group: str,
) -> None:
    names = named_things(cli, database, clock, tmp_path)
    with_token_of(monkeypatch, CUSTOMER if role is Role.CUSTOMER else AGENT, role)
    cells = {words: codes for words, codes in CELLS[role].items() if words.startswith(group)}
    before = unaudited(database)

    found = {words: answers(cli, words, names) for words in cells}

    assert found == cells
    assert unaudited(database) == before


@pytest.mark.slow("each line is a command for each relation")
@pytest.mark.parametrize("role", CELLS)
def test_every_other_command_is_refused_whatever_the_ticket(
    cli: Cli,
    database: Database,
    clock: SetClock,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    role: Role,
) -> None:
    lines = [words for words in (*TICKETS, *FILES) if not may_run(role, command_of(words))]
    names = named_things(cli, database, clock, tmp_path)
    with_token_of(monkeypatch, CUSTOMER if role is Role.CUSTOMER else AGENT, role)
    before = unaudited(database)

    for words in lines:
        assert set(answers(cli, words, names)) <= {"7", "-"}, words
    assert unaudited(database) == before


def named_things(
    cli: Cli, database: Database, clock: SetClock, folder: Path
) -> Mapping[str, Mapping[str, int]]:
    """What a line names: a ticket of each relation, where there are any its file and message."""
    (folder / "photo.jpg").write_bytes(JPEG)
    ids = tickets(cli, database, clock)
    seen = brought_to(database, clock, Status.IN_PROGRESS).id
    op = Operation(database, clock, actor=None)
    files: dict[str, int] = {}
    messages: dict[str, int] = {}
    for relation in set(RELATIONS) - {"closed", "merged", "archived", "never"}:
        (file,) = attached(database, home_store(folder), ids[relation], ("photo.jpg", JPEG))
        _, message, _ = add_message(op, ids[relation], sender=("agent", AGENT), body="Soon.")
        files[relation], messages[relation] = file.id, int(str(message["id"]))
        add_message(op, ids[relation], sender=("agent", AGENT), body="Soon.")
    return {
        "t": ids,
        "f": {**files, "never": NEVER},
        "m": {**dict.fromkeys(ids, messages["working"]), **messages},
        "seen": dict.fromkeys(ids, seen),
    }


def answers(cli: Cli, words: str, names: Mapping[str, Mapping[str, int]]) -> str:
    """The exit code for each relation as a digit; `-` where there is nothing to name."""
    found = []
    for relation in RELATIONS:
        if "{f}" in words and relation not in names["f"]:
            found.append("-")
            continue
        given = {name: ids.get(relation, NEVER) for name, ids in names.items()}
        found.append(str(cli(*shlex.split(words.format(**given, me=OTHER)), "-o", "json").code))
    return "".join(found)


def unaudited(database: Database) -> dict[str, object]:
    """Every row but those of the audit, which keeps refusals, and who had which file."""
    return {name: found for name, found in snapshot(database).items() if name != "savctl_audit"}
